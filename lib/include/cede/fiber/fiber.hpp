// What it is: a computation with a stack of its own that can be left and continued: the frame that a C++14 function
// lacks. A switch is one Boost.Context jump, plus what Boost leaves out: C++'s exception globals are exchanged (so that
// a switch inside a catch block is safe) and ASan, TSan and Valgrind are told.
// When to use it: to build another kind of coroutine. When not: for anything that a Generator, a Coroutine or a Task
// does; a Fiber unwinds nothing and knows nobody who waits.
//
// A fiber belongs to the thread that starts it, for good. All functions are for that thread only.
#ifndef CEDE_FIBER_FIBER_HPP
#define CEDE_FIBER_FIBER_HPP

#include <cstddef>

namespace cede {

namespace detail {
struct FiberRecord;
struct StackBlock;
}

class Fiber {
public:
    // Writes a name for error reports into `out`, cut to `size` bytes. Must be async-signal-safe: it runs in the
    // handler of a stack overflow.
    using Describe = void (*)(const void* owner, char* out, std::size_t size);

    Fiber() noexcept = default;
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;
    ~Fiber();

    // The fiber that runs on this thread; outside every other one, the fiber that stands for the thread's own stack.
    static Fiber& current() noexcept;

    // Takes a stack of at least `stack_size` bytes (0: the default, 256 KiB) and prepares `entry(argument)` on it; the
    // next switch_to() runs it. `entry` returns the fiber that continues when this one has ended; whoever owns this one
    // then calls release_stack(). Throws std::bad_alloc when there is no address space or memory left for a stack, and
    // std::logic_error when the fiber has one already.
    void start(Fiber& (*entry)(void*), void* argument, std::size_t stack_size);

    // Suspends the current fiber and continues this one, until something switches back.
    void switch_to() noexcept;

    // Runs `f(argument)` on this suspended fiber's stack and comes back, so that a walk of its frames needs no knowledge of
    // how a suspended stack is laid out. `f` must neither throw nor switch.
    void visit(void (*f)(void*), void* argument) noexcept;
    // The same by a fiber that ends, and that its entry function returns this one to continue: it does not come back, so `f` may
    // release its stack. Where this one has not begun, `f` runs before its entry.
    void take_over(Fiber& ended, void (*f)(void*), void* argument) noexcept;
    // Who last resumed it, for a walk down a pile of fibers; null for the lowest.
    Fiber* resumer() const noexcept { return resumer_; }
    void set_resumer(Fiber* fiber) noexcept { resumer_ = fiber; }
    // Whether `function` is where the frames of a fiber begin.
    static bool is_entry(const void* function) noexcept;

    // Gives the stack back to the pool. Only for a fiber that has finished: nothing on the stack is unwound.
    void release_stack() noexcept;

    // Gives the stack up without returning it to the pool: for a fiber that cannot be unwound. Its memory is lost, but
    // nothing that still points into it is reused. Reported by the caller.
    void abandon_stack() noexcept;

    // Gives back the memory of the stack below a suspended fiber's frames: what it used once, and does not now. A system call.
    void drop_unused_stack() noexcept;

    bool has_stack() const noexcept { return stack_ != nullptr; }
    // The usable bytes of the stack, 0 without one.
    std::size_t stack_size() const noexcept;
    // True when it was left inside a destructor that an exception runs: throwing into it would end the process.
    bool suspended_while_unwinding() const noexcept { return uncaught_exceptions_ != 0; }
    // The stack pointer at the last switch away, and the end of the stack: what a stack walk starts from.
    const void* saved_context() const noexcept { return context_; }

    // Who runs here, for the report of a stack overflow; of a fiber that has a stack.
    void set_owner(const void* who, Describe how) noexcept;
    // Writes its name as Describe does; nothing without an owner.
    void describe_owner(char* out, std::size_t size) const noexcept;
    const detail::StackBlock* stack() const noexcept { return stack_; }

private:
    friend struct FiberSwitch;

    friend struct detail::FiberRecord;

    struct Visit {
        void (*f)(void*);
        void* argument;
        Fiber* visitor;  // null for one that has ended
    };
    void receive_visit() noexcept;

    detail::StackBlock* stack_ = nullptr;
    detail::FiberRecord* record_ = nullptr;  // while it has a stack
    // What a switch needs comes last.
    void* context_ = nullptr;
    Visit* visit_ = nullptr;
    Fiber* resumer_ = nullptr;
    // The two words of __cxa_get_globals() while the fiber is suspended: caught exceptions, count of uncaught ones.
    void* caught_exceptions_ = nullptr;
    std::size_t uncaught_exceptions_ = 0;
};

}  // namespace cede

#endif
