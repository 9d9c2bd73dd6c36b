#include "cede/fiber/fiber.hpp"

#include <cxxabi.h>
#include <signal.h>

#include <new>
#include <stdexcept>

#include "base/call_stack.hpp"
#include "fiber/fiber_record.hpp"
#include "fiber/stack_block.hpp"
#include "fiber/stack_memory.hpp"
#include "fiber/switch.hpp"
#include "fiber/unwinding.hpp"

#if CEDE_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace context = boost::context::detail;

namespace cede {
namespace {

// The fiber of the thread's own stack. It is never destroyed: a coroutine in a static variable is closed after the
// thread's variables have gone, and still needs somewhere to come back to.
__thread bool own_fiber_made;
alignas(Fiber) __thread unsigned char own_fiber[sizeof(Fiber)];
alignas(detail::FiberRecord) __thread unsigned char own_record[sizeof(detail::FiberRecord)];

}  // namespace

namespace detail {
bool is_unwinding() noexcept {
    // Asked of the ABI itself: a thread that has never switched may unwind, too.
    return static_cast<ExceptionGlobals*>(static_cast<void*>(abi::__cxa_get_globals()))->uncaught != 0;
}
}  // namespace detail

#if CEDE_TSAN
namespace {
__thread sigset_t signals_before_switch;
}

// The calls are ones that ThreadSanitizer watches: at the end of the first it runs the handlers of what has come.
CEDE_UNWATCHED void FiberSwitch::hold_signals() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &signals_before_switch);
}

CEDE_UNWATCHED void FiberSwitch::release_signals() noexcept {
    const sigset_t before = signals_before_switch;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}
#endif

// The lowest frame of every fiber. Kept free of ASan's redzones, for it is never returned from and would leave them behind on
// a stack that is used again.
CEDE_UNWATCHED __attribute__((no_sanitize("address"))) void FiberSwitch::run(Transfer transfer) {
    arrive(transfer, nullptr);
    Fiber& self = *detail::thread_state.fiber;
    while (self.visit_ != nullptr) self.receive_visit();
    Fiber& next = self.record_->entry(self.record_->argument);
    leave(self, next, nullptr);
    jump(next.context_, &self);
    __builtin_unreachable();
}

Fiber& Fiber::current() noexcept {
    if (detail::thread_state.fiber == nullptr) {
        if (!own_fiber_made) {
            Fiber* const made = ::new (static_cast<void*>(own_fiber)) Fiber();
            made->record_ = ::new (static_cast<void*>(own_record)) detail::FiberRecord();
            own_fiber_made = true;
        }
        Fiber* own = reinterpret_cast<Fiber*>(own_fiber);
#if CEDE_TSAN
        own->record_->tsan_fiber = __tsan_get_current_fiber();
#endif
        detail::thread_state.fiber = own;
        detail::thread_state.exception_globals = abi::__cxa_get_globals();
    }
    return *detail::thread_state.fiber;
}

Fiber::~Fiber() {
    if (stack_ != nullptr) release_stack();
}

void Fiber::start(Fiber& (*entry)(void*), void* argument, std::size_t stack_size) {
    if (stack_ != nullptr) throw std::logic_error("Fiber::start: it has a stack already; release_stack() first");
    if (detail::thread_state.fiber == nullptr) current();  // the thread's own, before anything can switch back to it
    stack_ = detail::acquire_stack(stack_size);
    caught_exceptions_ = nullptr;
    uncaught_exceptions_ = 0;
    detail::FiberRecord* const record = reinterpret_cast<detail::FiberRecord*>(stack_->top()) - 1;
    record_ = ::new (static_cast<void*>(record)) detail::FiberRecord;  // with (), all of it would be zeroed first
    record->entry = entry;
    record->argument = argument;
    record->stack_bottom = stack_->bottom();
    record->stack_bytes = stack_->usable() - sizeof *record;
    record->tsan_fiber = stack_->tsan_fiber;
    context_ = context::make_fcontext(record, record->stack_bytes, &FiberSwitch::run);
}

void Fiber::set_owner(const void* who, Describe how) noexcept {
    record_->owner = who;
    record_->describe = how;
}

void Fiber::describe_owner(char* out, std::size_t size) const noexcept {
    if (record_->describe != nullptr) record_->describe(record_->owner, out, size);
}

void Fiber::switch_to() noexcept { FiberSwitch::go(current(), *this); }

void Fiber::visit(void (*f)(void*), void* argument) noexcept {
    Visit visit{f, argument, &current()};
    visit_ = &visit;
    switch_to();
}

void Fiber::take_over(Fiber& ended, void (*f)(void*), void* argument) noexcept {
    ended.record_->last_visit = Visit{f, argument, nullptr};
    visit_ = &ended.record_->last_visit;
}

// Out of line, so that a switch pays one test for it.
void Fiber::receive_visit() noexcept {
    const Visit visit = *visit_;
    visit_ = nullptr;
    visit.f(visit.argument);
    if (visit.visitor != nullptr) visit.visitor->switch_to();
}

bool detail::is_fiber_entry(const void* function) noexcept { return Fiber::is_entry(function); }

bool Fiber::is_entry(const void* function) noexcept {
    return function == reinterpret_cast<const void*>(&FiberSwitch::run);
}

void Fiber::release_stack() noexcept {
#if CEDE_ASAN
    __asan_unpoison_memory_region(stack_->bottom(), stack_->size - stack_->guard);
#endif
    detail::release_stack(stack_);
    stack_ = nullptr;
    record_ = nullptr;
    context_ = nullptr;
}

void Fiber::abandon_stack() noexcept {
    stack_ = nullptr;
    record_ = nullptr;
    context_ = nullptr;
}

void Fiber::drop_unused_stack() noexcept {
    if (stack_ == nullptr || this == detail::thread_state.fiber) return;
    const char* const lowest = static_cast<const char*>(context_);
    detail::drop_memory(stack_->bottom(), static_cast<std::size_t>(lowest - stack_->bottom()));
}

std::size_t Fiber::stack_size() const noexcept { return stack_ != nullptr ? stack_->usable() - sizeof(detail::FiberRecord) : 0; }

}  // namespace cede
