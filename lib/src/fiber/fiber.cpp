#include "cede/fiber/fiber.hpp"

#include <cxxabi.h>

#include <new>
#include <stdexcept>

#include <boost/context/detail/fcontext.hpp>

#include "base/call_stack.hpp"
#include "base/sanitizers.hpp"
#include "base/thread_state.hpp"
#include "fiber/stack_block.hpp"
#include "fiber/unwinding.hpp"

#if CEDE_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if CEDE_TSAN
#include <sanitizer/tsan_interface.h>
#endif

// The raw fcontext jump rather than boost::context::fiber: the class would unwind a dropped fiber by throwing
// `forced_unwind`, which any catch (...) swallows, and from 1.88 on exchanges the exception globals itself, which must
// not be done twice. The jump underneath has been the same function since 1.61 and does neither.
namespace context = boost::context::detail;

namespace cede {
namespace {

// What __cxa_get_globals() points to, by the Itanium C++ ABI; libstdc++ and libc++abi agree on these two words.
struct ExceptionGlobals {
    void* caught;
    unsigned int uncaught;
};

ExceptionGlobals& exception_globals() noexcept {
    return *static_cast<ExceptionGlobals*>(detail::thread_state.exception_globals);
}

// The fiber of the thread's own stack. It is never destroyed: a coroutine in a static variable is closed after the
// thread's variables have gone, and still needs somewhere to come back to.
__thread bool own_fiber_made;
alignas(Fiber) __thread unsigned char own_fiber[sizeof(Fiber)];

}  // namespace

namespace detail {
bool is_unwinding() noexcept { return thread_state.exception_globals != nullptr && exception_globals().uncaught != 0; }
}  // namespace detail

// The one place that switches, and everything that has to be told of it.
struct FiberSwitch {
    // `fake_stack` is where ASan keeps the leaving fiber's fake frames, null when it ends.
    CEDE_UNWATCHED static void leave(Fiber& from, Fiber& to, void** fake_stack) noexcept {
        ExceptionGlobals& globals = exception_globals();
        from.caught_exceptions_ = globals.caught;
        from.uncaught_exceptions_ = globals.uncaught;
        globals.caught = to.caught_exceptions_;
        globals.uncaught = static_cast<unsigned int>(to.uncaught_exceptions_);
        detail::thread_state.fiber = &to;
#if CEDE_ASAN
        __sanitizer_start_switch_fiber(fake_stack, to.stack_bottom_, to.stack_bytes_);
#endif
#if CEDE_TSAN
        __tsan_switch_to_fiber(to.tsan_fiber_, 0);
#endif
        (void)fake_stack;
    }

    CEDE_UNWATCHED static void arrive(context::transfer_t transfer, void* fake_stack) noexcept {
        Fiber& from = *static_cast<Fiber*>(transfer.data);
        from.context_ = transfer.fctx;
#if CEDE_ASAN
        __sanitizer_finish_switch_fiber(fake_stack, &from.stack_bottom_, &from.stack_bytes_);
#endif
        (void)fake_stack;
    }

    // The lowest frame of every fiber. Kept free of ASan's redzones, for it is never returned from and would leave
    // them behind on a stack that is used again.
    CEDE_UNWATCHED __attribute__((no_sanitize("address"))) static void trampoline(context::transfer_t transfer) {
        arrive(transfer, nullptr);
        Fiber& self = *detail::thread_state.fiber;
        Fiber& next = self.entry_(self.argument_);
        leave(self, next, nullptr);
        context::jump_fcontext(next.context_, &self);
        __builtin_unreachable();
    }
};

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
    context_ = context::make_fcontext(stack_->top(), stack_->usable(), &FiberSwitch::trampoline);
}

void Fiber::switch_to() noexcept { switch_from(current()); }

CEDE_UNWATCHED void Fiber::switch_from(Fiber& self) noexcept {
    FiberSwitch::leave(self, *this, &self.fake_stack_);
    const context::transfer_t transfer = context::jump_fcontext(context_, &self);
    FiberSwitch::arrive(transfer, self.fake_stack_);
    while (self.visit_ != nullptr) self.receive_visit();
}

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
    return function == reinterpret_cast<const void*>(&FiberSwitch::trampoline);
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

std::size_t Fiber::stack_size() const noexcept { return stack_ != nullptr ? stack_->usable() : 0; }

}  // namespace cede
