#include "cede/fiber/fiber.hpp"

#include <cxxabi.h>

#include <new>
#include <stdexcept>

#include "base/call_stack.hpp"
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

}  // namespace

namespace detail {
bool is_unwinding() noexcept {
    // Asked of the ABI itself: a thread that has never switched may unwind, too.
    return static_cast<ExceptionGlobals*>(static_cast<void*>(abi::__cxa_get_globals()))->uncaught != 0;
}
}  // namespace detail

// The lowest frame of every fiber. Kept free of ASan's redzones, for it is never returned from and would leave them behind on
// a stack that is used again.
CEDE_UNWATCHED __attribute__((no_sanitize("address"))) void FiberSwitch::run(Transfer transfer) {
    arrive(transfer, nullptr);
    Fiber& self = *detail::thread_state.fiber;
    Fiber& next = self.entry_(self.argument_);
    leave(self, next, nullptr);
    jump(next.context_, &self);
    __builtin_unreachable();
}

Fiber& Fiber::current() noexcept {
    if (detail::thread_state.fiber == nullptr) {
        if (!own_fiber_made) {
            ::new (static_cast<void*>(own_fiber)) Fiber();
            own_fiber_made = true;
        }
        Fiber* own = reinterpret_cast<Fiber*>(own_fiber);
#if CEDE_TSAN
        own->tsan_fiber_ = __tsan_get_current_fiber();
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
    current();  // the thread's own fiber must exist before anything can switch back to it
    stack_ = detail::acquire_stack(stack_size);
    entry_ = entry;
    argument_ = argument;
    caught_exceptions_ = nullptr;
    uncaught_exceptions_ = 0;
    stack_bottom_ = stack_->bottom();
    stack_bytes_ = stack_->usable();
    tsan_fiber_ = stack_->tsan_fiber;
    context_ = context::make_fcontext(stack_->top(), stack_->usable(), &FiberSwitch::run);
}

void Fiber::switch_to() noexcept { FiberSwitch::go(current(), *this); }

void Fiber::visit(void (*f)(void*), void* argument) noexcept {
    Visit visit{f, argument, &current()};
    visit_ = &visit;
    switch_to();
}

// Out of line, so that a switch pays one test for it.
void Fiber::receive_visit() noexcept {
    const Visit visit = *visit_;
    visit_ = nullptr;
    visit.f(visit.argument);
    visit.visitor->switch_to();
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
    context_ = nullptr;
}

void Fiber::abandon_stack() noexcept {
    stack_ = nullptr;
    context_ = nullptr;
}

void Fiber::drop_unused_stack() noexcept {
    if (stack_ == nullptr || this == detail::thread_state.fiber) return;
    const char* const lowest = static_cast<const char*>(context_);
    detail::drop_memory(stack_->bottom(), static_cast<std::size_t>(lowest - stack_->bottom()));
}

std::size_t Fiber::stack_size() const noexcept { return stack_ != nullptr ? stack_->usable() : 0; }

}  // namespace cede
