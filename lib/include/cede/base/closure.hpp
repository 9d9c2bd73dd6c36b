// What it is: a move-only `R()` that keeps a callable of up to `N` bytes within itself. When to use it: for the body of
// a coroutine or a callback, where absl::AnyInvocable (16 bytes inline) would allocate for nearly every lambda that
// captures. When not: in an interface that users fill rarely; absl::AnyInvocable is the standard there.
//
// Does not cede by itself. A callable that is larger, over-aligned or throws when moved is kept on the heap.
#ifndef CEDE_BASE_CLOSURE_HPP
#define CEDE_BASE_CLOSURE_HPP

#include <cstddef>
#include <new>
#include <type_traits>
#include <typeinfo>
#include <utility>

// Where the compiler optimises at all, an await is no function of its own: a return behind a switch of stacks is mispredicted
// where the other side waits elsewhere, and then costs as much as the switch.
#ifdef __OPTIMIZE__
#define CEDE_INLINE_AWAIT __attribute__((always_inline)) inline
#else
#define CEDE_INLINE_AWAIT inline
#endif

namespace cede {
namespace detail {

// Tells the optimiser that whatever is reachable from `object` may be read and written by code it does not see; no
// instruction is made. gcc up to 14 at -O1 loses sight of a reference that a lambda captures when the lambda goes through a
// function that returns a class by value (its bug 109945), and then keeps the captured variable in a register across an
// await, during which the lambda has changed it.
inline void let_escape(const void* object) noexcept { asm volatile("" : : "r"(object) : "memory"); }

template <class R>
struct CallAs {
    template <class F>
    static R call(F& f) { return f(); }
};
template <>
struct CallAs<void> {
    template <class F>
    static void call(F& f) { f(); }
};

// Of callables that say so by a member `catches_nothing`: they let every exception through, and an await of one need not look
// whether it has swallowed any (ExitWatch), which is eight instructions of a yield.
template <class F, class = void>
struct CatchesNothing : std::false_type {};
template <class F>
struct CatchesNothing<F, std::enable_if_t<F::catches_nothing == 0>> : std::true_type {};

template <class R, std::size_t N = 64>
class Closure {
public:
    Closure() noexcept = default;

    template <class F, class D = std::decay_t<F>, class = std::enable_if_t<!std::is_same<D, Closure>::value>>
    CEDE_INLINE_AWAIT Closure(F&& f) {
        OpsFor<D, fits<D>()>::make(storage_.bytes, std::forward<F>(f));
        let_escape(storage_.bytes);
        ops_ = &OpsFor<D, fits<D>()>::ops;  // last: behind that the compiler knows what to call
    }
    Closure(Closure&& other) noexcept { take(other); }
    Closure& operator=(Closure&& other) noexcept {
        if (this != &other) {
            reset();
            take(other);
        }
        return *this;
    }
    ~Closure() { reset(); }

    R operator()() { return ops_->call(storage_.bytes); }
    explicit operator bool() const noexcept { return ops_ != nullptr; }
    void reset() noexcept {
        if (ops_ != nullptr) std::exchange(ops_, nullptr)->destroy(storage_.bytes);
    }
    // The callable's type, for debug output; void when empty.
    const std::type_info& type() const noexcept { return ops_ != nullptr ? *ops_->type : typeid(void); }

private:
    struct Ops {
        R (*call)(void*);
        void (*relocate)(void* from, void* to);
        void (*destroy)(void*);
        const std::type_info* type;
        bool catches_nothing;
    };

public:
    // Aligned as a pointer is, which captures seldom exceed: as std::max_align_t is, eight bytes of every task would be padding.
    struct alignas(void*) Storage {
        unsigned char bytes[N];
    };
    // A closure's callable, moved to `storage` for one call there. Apart from that, so that the compiler still knows behind the
    // call what is to be destroyed, which is nothing as a rule.
    class MovedOut {
    public:
        MovedOut(Closure& from, Storage& storage) noexcept
            : ops_(std::exchange(from.ops_, nullptr)), storage_(storage) {
            ops_->relocate(from.storage_.bytes, storage.bytes);
        }
        ~MovedOut() { ops_->destroy(storage_.bytes); }
        MovedOut(const MovedOut&) = delete;
        MovedOut& operator=(const MovedOut&) = delete;
        R operator()() const { return ops_->call(storage_.bytes); }
        bool catches_nothing() const noexcept { return ops_->catches_nothing; }

    private:
        const Ops* const ops_;
        Storage& storage_;
    };

private:
    template <class F>
    static constexpr bool fits() {
        return sizeof(F) <= N && alignof(F) <= alignof(void*) && std::is_nothrow_move_constructible<F>::value;
    }

    template <class F, bool Inline>
    struct OpsFor {
        template <class G>
        static void make(void* where, G&& g) { ::new (where) F(std::forward<G>(g)); }
        static R call(void* where) { return CallAs<R>::call(*static_cast<F*>(where)); }
        static void relocate(void* from, void* to) {
            ::new (to) F(std::move(*static_cast<F*>(from)));
            static_cast<F*>(from)->~F();
        }
        static void destroy(void* where) { static_cast<F*>(where)->~F(); }
        static const Ops ops;
    };
    template <class F>
    struct OpsFor<F, false> {
        template <class G>
        static void make(void* where, G&& g) { ::new (where) F*(new F(std::forward<G>(g))); }
        static R call(void* where) { return CallAs<R>::call(**static_cast<F**>(where)); }
        static void relocate(void* from, void* to) { ::new (to) F*(*static_cast<F**>(from)); }
        static void destroy(void* where) { delete *static_cast<F**>(where); }
        static const Ops ops;
    };

    void take(Closure& other) noexcept {
        const Ops* const ops = std::exchange(other.ops_, nullptr);
        if (ops != nullptr) ops->relocate(other.storage_.bytes, storage_.bytes);
        ops_ = ops;
    }

    const Ops* ops_ = nullptr;
    Storage storage_;
};

template <class R, std::size_t N>
template <class F, bool Inline>
const typename Closure<R, N>::Ops Closure<R, N>::OpsFor<F, Inline>::ops = {&call, &relocate, &destroy, &typeid(F),
                                                                                       CatchesNothing<F>::value};

template <class R, std::size_t N>
template <class F>
const typename Closure<R, N>::Ops Closure<R, N>::OpsFor<F, false>::ops = {&call, &relocate, &destroy, &typeid(F),
                                                                                      CatchesNothing<F>::value};

}  // namespace detail
}  // namespace cede

#endif
