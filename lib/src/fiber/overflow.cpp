// Reports the overflow of a fiber's stack and then lets the process die as it would have.
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <mutex>

#include "base/thread_state.hpp"
#include "cede/fiber/fiber.hpp"
#include "fiber/stack_block.hpp"

namespace cede {
namespace detail {
namespace {

// A signal pushes up to 3.5 KiB of registers (AMX) before the handler's own frames.
constexpr std::size_t alternate_stack_size = 64 * 1024;

struct sigaction previous_segv;
struct sigaction previous_bus;

void say(const char* text) noexcept {
    const ssize_t written = write(STDERR_FILENO, text, std::strlen(text));
    (void)written;
}

// snprintf is not async-signal-safe.
void say(std::size_t number) noexcept {
    char digits[24];
    char* at = digits + sizeof digits;
    *--at = '\0';
    do {
        *--at = static_cast<char>('0' + number % 10);
        number /= 10;
    } while (number != 0);
    say(at);
}

bool in_guard(const StackBlock& block, const void* address) noexcept {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    const auto base = reinterpret_cast<std::uintptr_t>(block.base);
    return at >= base && at < base + block.guard;
}

void report(const Fiber& fiber) noexcept {
    char name[128] = "a coroutine";
    fiber.describe_owner(name, sizeof name);
    say("cede: stack overflow in ");
    say(name);
    say(", whose stack has ");
    say(fiber.stack_size() / 1024);
    say(" KiB. Give it more with TaskOptions().stack_size(bytes), or use less: large local arrays belong on the heap.\n");
}

void on_fault(int number, siginfo_t* info, void*) {
    const Fiber* fiber = thread_state.fiber;
    if (fiber != nullptr && fiber->stack() != nullptr && in_guard(*fiber->stack(), info->si_addr)) report(*fiber);
    // The instruction runs again when this returns, and faults into whatever was there before: the default action, a
    // sanitizer's report, or the program's own handler.
    sigaction(number, number == SIGSEGV ? &previous_segv : &previous_bus, nullptr);
}

void install_handlers() noexcept {
    struct sigaction action;
    std::memset(&action, 0, sizeof action);
    action.sa_sigaction = &on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, &previous_segv);
    sigaction(SIGBUS, &action, &previous_bus);
}

class AlternateStack {
public:
    AlternateStack() noexcept {
        stack_t present;
        if (sigaltstack(nullptr, &present) != 0 || !(present.ss_flags & SS_DISABLE)) return;  // the program has its own
        memory_ = mmap(nullptr, alternate_stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory_ == MAP_FAILED) return;
        set(memory_, 0);
    }
    ~AlternateStack() {
        if (memory_ == MAP_FAILED) return;
        stack_t present;
        if (sigaltstack(nullptr, &present) == 0 && present.ss_sp == memory_) set(nullptr, SS_DISABLE);
        munmap(memory_, alternate_stack_size);
    }
    AlternateStack(const AlternateStack&) = delete;
    AlternateStack& operator=(const AlternateStack&) = delete;

private:
    static void set(void* memory, int flags) noexcept {
        stack_t stack;
        std::memset(&stack, 0, sizeof stack);
        stack.ss_sp = memory;
        stack.ss_size = alternate_stack_size;
        stack.ss_flags = flags;
        sigaltstack(&stack, nullptr);
    }

    void* memory_ = MAP_FAILED;
};

}  // namespace

void prepare_overflow_report() noexcept {
    static std::once_flag once;
    std::call_once(once, install_handlers);
    static thread_local AlternateStack alternate_stack;
    (void)alternate_stack;
}

}  // namespace detail
}  // namespace cede
