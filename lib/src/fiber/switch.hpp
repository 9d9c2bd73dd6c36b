// What it is: the one place that switches fibers, and everything that has to be told of it. When to use it: on the path of an
// await, from a function that is itself inlined. When not: elsewhere; Fiber::switch_to() does the same.
//
// Inline, because what a switch costs is not its instructions: after it the processor's stack of return addresses is the
// other side's, so that each `ret` down to where the two sides meet again is mispredicted, at some 8 ns each, unless both wait
// below the same calls. With one function from the loop to the jump, and one from the jump to the body, in place of four and
// seven, a yield took 70 to 85 % of the time between two tasks, and 45 to 60 % among a thousand; with a jump that keeps that
// stack in step (below) 60 to 70 % of what was left, 41 to 25 ns (each by turns with the older form, on a busy machine).
//
// The raw fcontext jump rather than boost::context::fiber: the class would unwind a dropped fiber by throwing
// `forced_unwind`, which any catch (...) swallows, and from 1.88 on exchanges the exception globals itself, which must
// not be done twice. The jump underneath has been the same function since 1.61 and does neither.
#ifndef CEDE_SRC_FIBER_SWITCH_HPP
#define CEDE_SRC_FIBER_SWITCH_HPP

#include <boost/context/detail/fcontext.hpp>

#include "base/sanitizers.hpp"
#include "base/thread_state.hpp"
#include "cede/fiber/fiber.hpp"
#include "fiber/fiber_record.hpp"

#if CEDE_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#if CEDE_TSAN
#include <sanitizer/tsan_interface.h>
#endif

// Where its registers are known, those of the System V ABI (APX adds some). Not under a shadow stack (CET), which wants calls and
// returns in pairs.
#if defined(__x86_64__) && defined(__LP64__) && defined(__ELF__) && !defined(__APX_F__) && !(defined(__CET__) && (__CET__ & 2))
#define CEDE_JUMP_BY_JUMP 1
#ifdef __AVX512F__
#define CEDE_AVX512_CLOBBERS , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", \
        "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define CEDE_AVX512_CLOBBERS
#endif
#else
#define CEDE_JUMP_BY_JUMP 0
#endif

// A function that a sanitizer must not watch cannot be inlined into one that it does.
#if CEDE_ASAN || CEDE_TSAN
#define CEDE_ON_THE_PATH inline __attribute__((noinline))
#else
#define CEDE_ON_THE_PATH inline __attribute__((always_inline))
#endif

namespace cede {

// What __cxa_get_globals() points to, by the Itanium C++ ABI; libstdc++ and libc++abi agree on these two words.
struct ExceptionGlobals {
    void* caught;
    unsigned int uncaught;
};

struct FiberSwitch {
    using Transfer = boost::context::detail::transfer_t;

    // `from` is the current fiber.
    CEDE_UNWATCHED CEDE_ON_THE_PATH static void go(Fiber& from, Fiber& to) noexcept {
        leave(from, to, &from.record_->fake_stack);
        const Transfer transfer = jump(to.context_, &from);
        arrive(transfer, from.record_);
        while (from.visit_ != nullptr) from.receive_visit();
    }

    // jump_fcontext() without a `call`. It leaves by a jump, so a call would push a return address that no `ret` ever pops: the
    // processor's stack of them would be one off from there on, and every `ret` of the other side mispredicted, even where
    // it returns to the very functions that this side has called. The jump comes back to what lies on the stack, as if called.
    CEDE_UNWATCHED CEDE_ON_THE_PATH static Transfer jump(boost::context::detail::fcontext_t to, void* data) noexcept {
#if CEDE_JUMP_BY_JUMP
        Transfer transfer;
        asm volatile(
            "leaq -128(%%rsp), %%rsp\n\t"  // the red zone, which the compiler may use where it sees no call
            "leaq 1f(%%rip), %%rcx\n\t"
            "pushq %%rcx\n\t"
            "jmpq *jump_fcontext@GOTPCREL(%%rip)\n"
            "1:\n\t"
            "leaq 128(%%rsp), %%rsp"
            : "=a"(transfer.fctx), "=d"(transfer.data), "+D"(to), "+S"(data)
            :
            : "rcx", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
              "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)",
              "st(7)", "cc", "memory" CEDE_AVX512_CLOBBERS);
        return transfer;
#else
        return boost::context::detail::jump_fcontext(to, data);
#endif
    }

    // `fake_stack` is where ASan keeps the leaving fiber's fake frames, null when it ends.
    CEDE_UNWATCHED CEDE_ON_THE_PATH static void leave(Fiber& from, Fiber& to, void** fake_stack) noexcept {
        ExceptionGlobals& globals = exception_globals();
        from.caught_exceptions_ = globals.caught;
        from.uncaught_exceptions_ = globals.uncaught;
        globals.caught = to.caught_exceptions_;
        globals.uncaught = static_cast<unsigned int>(to.uncaught_exceptions_);
        detail::thread_state.fiber = &to;
#if CEDE_ASAN
        __sanitizer_start_switch_fiber(fake_stack, to.record_->stack_bottom, to.record_->stack_bytes);
#endif
#if CEDE_TSAN
        hold_signals();
        __tsan_switch_to_fiber(to.record_->tsan_fiber, 0);
#endif
        (void)fake_stack;
    }

    // `record` is that of the fiber that goes on, null when it begins.
    CEDE_UNWATCHED CEDE_ON_THE_PATH static void arrive(Transfer transfer, const detail::FiberRecord* record) noexcept {
        Fiber& from = *static_cast<Fiber*>(transfer.data);
        from.context_ = transfer.fctx;
#if CEDE_ASAN
        __sanitizer_finish_switch_fiber(record != nullptr ? record->fake_stack : nullptr, &from.record_->stack_bottom,
                                        &from.record_->stack_bytes);
#endif
#if CEDE_TSAN
        release_signals();
#endif
        (void)record;
    }

#if CEDE_TSAN
    // ThreadSanitizer runs a signal's handler when its thread calls something that it watches, and takes each fiber for a thread: a
    // signal that came while a fiber ran would wait until that one runs again, which may be never. So what has come is handled
    // before a switch, and what comes during one waits for its end.
    static void hold_signals() noexcept;
    static void release_signals() noexcept;
#endif

    static ExceptionGlobals& exception_globals() noexcept {
        return *static_cast<ExceptionGlobals*>(detail::thread_state.exception_globals);
    }

    static void run(Transfer transfer);
};

}  // namespace cede

#endif
