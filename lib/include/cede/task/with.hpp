// What it is: `async with`: runs a callable between a manager's enter() and exit(). When to use it: for a Timeout, a
// TaskGroup, a Lock, or any type of your own with `enter()` and `bool exit(std::exception_ptr)`, both of which may await.
// When not: where a destructor does; a plain RAII guard cannot await safely during unwinding, and exit() can.
//
// Cedes only as enter, the callable and exit do.
#ifndef CEDE_TASK_WITH_HPP
#define CEDE_TASK_WITH_HPP

#include <exception>
#include <type_traits>
#include <utility>

#include "absl/types/optional.h"

#include "cede/base/exceptions.hpp"

namespace cede {

namespace detail {

template <class R>
R handled_result(std::true_type) { return R(); }
template <class R>
[[noreturn]] R handled_result(std::false_type) {
    throw RuntimeError("the scope's exit() handled the exception, but the callable's result type has no default to return");
}

// What a callable returned, until the manager has let go.
template <class R>
class Returned {
public:
    template <class Body>
    void set_from(Body& body) { value_.emplace(body()); }
    R take() { return std::move(*value_); }

private:
    absl::optional<R> value_;
};
template <class R>
class Returned<R&> {
public:
    template <class Body>
    void set_from(Body& body) { value_ = &body(); }
    R& take() const noexcept { return *value_; }

private:
    R* value_ = nullptr;
};

// Runs `body`, then `manager.exit` exactly once.
template <class R, class M, class Body>
R exit_after(M& manager, Body& body, std::false_type) {
    Returned<R> result;
    try {
        result.set_from(body);
    } catch (...) {
        if (!manager.exit(std::current_exception())) throw;
        return handled_result<R>(std::is_default_constructible<R>());
    }
    manager.exit(nullptr);
    return result.take();
}
template <class R, class M, class Body>
void exit_after(M& manager, Body& body, std::true_type) {
    try {
        body();
    } catch (...) {
        if (!manager.exit(std::current_exception())) throw;
        return;
    }
    manager.exit(nullptr);
}

template <class M, class F>
auto with_value(M& manager, F& f, std::true_type) -> decltype(f()) {
    manager.enter();
    using R = decltype(f());
    return exit_after<R>(manager, f, std::is_void<R>());
}
// What enter() returns by value may be taken as `auto&` too: it lives until the end of the scope.
template <class F, class E>
auto call_with(F& f, E&& entered, int) -> decltype(f(std::forward<E>(entered))) { return f(std::forward<E>(entered)); }
template <class F, class E>
auto call_with(F& f, E&& entered, long) -> decltype(f(entered)) { return f(entered); }

template <class M, class F>
auto with_value(M& manager, F& f, std::false_type) -> decltype(call_with(f, manager.enter(), 0)) {
    auto&& entered = manager.enter();
    using R = decltype(call_with(f, std::forward<decltype(entered)>(entered), 0));
    auto body = [&]() -> R { return call_with(f, std::forward<decltype(entered)>(entered), 0); };
    return exit_after<R>(manager, body, std::is_void<R>());
}

// A callable without parameters ignores what enter() returns.
template <class F, class = void>
struct TakesNothing : std::false_type {};
template <class F>
struct TakesNothing<F, decltype(void(std::declval<F&>()()))> : std::true_type {};

template <class M>
using EntersWithValue = std::integral_constant<bool, !std::is_void<decltype(std::declval<M&>().enter())>::value>;

// What both returned, or nothing.
template <class M1, class M2, class F>
auto with_two(M1& first, M2& second, F& f, std::true_type, std::true_type, std::false_type)
    -> decltype(f(first.enter(), second.enter())) {
    using R = decltype(f(first.enter(), second.enter()));
    auto outer = [&](auto&& one) -> R {
        auto inner = [&](auto&& two) -> R {
            return f(std::forward<decltype(one)>(one), std::forward<decltype(two)>(two));
        };
        return with_value(second, inner, std::false_type());
    };
    return with_value(first, outer, std::false_type());
}
template <class M1, class M2, class F, class Enters1, class Enters2>
auto with_two(M1& first, M2& second, F& f, Enters1, Enters2, std::true_type) -> decltype(f()) {
    auto inner = [&]() -> decltype(f()) { return with_value(second, f, std::true_type()); };
    return with_value(first, inner, std::true_type());
}
// What the one returned, when the other's enter() returns nothing.
template <class M1, class M2, class F>
auto with_two(M1& first, M2& second, F& f, std::true_type, std::false_type, std::false_type)
    -> decltype(with_value(first, f, std::false_type())) {
    using R = decltype(with_value(first, f, std::false_type()));
    auto outer = [&](auto&& one) -> R {
        auto inner = [&]() -> R { return call_with(f, std::forward<decltype(one)>(one), 0); };
        return with_value(second, inner, std::true_type());
    };
    return with_value(first, outer, std::false_type());
}
template <class M1, class M2, class F>
auto with_two(M1& first, M2& second, F& f, std::false_type, std::true_type, std::false_type)
    -> decltype(with_value(second, f, std::false_type())) {
    using R = decltype(with_value(second, f, std::false_type()));
    auto inner = [&]() -> R { return with_value(second, f, std::false_type()); };
    return with_value(first, inner, std::true_type());
}

}  // namespace detail

// Enters `manager`, calls `f` with what enter() returned (or with nothing), and exits with the exception that left f, or
// null. Returns what f returns. An exit() that returns true has handled the exception; then a default result is returned.
// If enter() throws, neither f nor exit() runs; an exception thrown by exit() replaces f's.
template <class M, class F>
auto with(M&& manager, F&& f)
    -> decltype(detail::with_value(manager, f, detail::TakesNothing<std::remove_reference_t<F>>())) {
    return detail::with_value(manager, f, detail::TakesNothing<std::remove_reference_t<F>>());
}

// Two managers, entered from left to right and exited from right to left. `f` takes what their enter() returned, if anything:
// both values, the only one, or nothing.
template <class M1, class M2, class F>
auto with(M1&& first, M2&& second, F&& f)
    -> decltype(detail::with_two(first, second, f, detail::EntersWithValue<M1>(), detail::EntersWithValue<M2>(),
                                 detail::TakesNothing<std::remove_reference_t<F>>())) {
    return detail::with_two(first, second, f, detail::EntersWithValue<M1>(), detail::EntersWithValue<M2>(),
                            detail::TakesNothing<std::remove_reference_t<F>>());
}

}  // namespace cede

#endif
