// What it is: `async with`: runs a callable between a manager's enter() and exit(). When to use it: for a Timeout, a
// TaskGroup, a Lock, or any type of your own with `enter()` and `bool exit(std::exception_ptr)`, both of which may await.
// When not: where a destructor does; a plain RAII guard cannot await safely during unwinding, and exit() can.
//
// enter() and exit() may also return a Coroutine, which is awaited, and exit() nothing, which handles no exception.
// Cedes only as enter, the callable and exit do.
#ifndef CEDE_TASK_WITH_HPP
#define CEDE_TASK_WITH_HPP

#include <exception>
#include <type_traits>
#include <utility>

#include "absl/types/optional.h"

#include "cede/base/exceptions.hpp"
#include "cede/coroutine/coroutine.hpp"

namespace cede {

namespace detail {

// A Coroutine that the manager returns is awaited.
template <class M>
auto enter_manager(M& manager, std::true_type) -> decltype(await(manager.enter())) { return await(manager.enter()); }
template <class M>
auto enter_manager(M& manager, std::false_type) -> decltype(manager.enter()) { return manager.enter(); }
template <class M>
auto enter_manager(M& manager) -> decltype(enter_manager(manager, IsCoroutine<decltype(manager.enter())>())) {
    return enter_manager(manager, IsCoroutine<decltype(manager.enter())>());
}

template <class Handled>
bool has_handled(const Handled& handled) { return static_cast<bool>(handled); }
template <class R>
bool has_handled(Coroutine<R>&& exit) { return static_cast<bool>(await(exit)); }
inline bool has_handled(Coroutine<void>&& exit) {
    await(exit);
    return false;
}
template <class M>
bool exit_manager(M& manager, const std::exception_ptr& error, std::true_type) {
    manager.exit(error);
    return false;
}
template <class M>
bool exit_manager(M& manager, const std::exception_ptr& error, std::false_type) { return has_handled(manager.exit(error)); }
template <class M>
bool exit_manager(M& manager, const std::exception_ptr& error) {
    return exit_manager(manager, error, std::is_void<decltype(manager.exit(error))>());
}

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

// A scope's callable: a Coroutine that it returns is awaited within the scope. Or a coroutine in its place.
template <class F>
class ScopeBody {
public:
    explicit ScopeBody(F& f) noexcept : f_(f) {}

    template <class... A, class R = decltype(std::declval<F&>()(std::declval<A>()...)),
              std::enable_if_t<!IsCoroutine<std::decay_t<R>>::value, int> = 0>
    R operator()(A&&... arguments) const { return f_(std::forward<A>(arguments)...); }
    template <class... A, class R = decltype(std::declval<F&>()(std::declval<A>()...)),
              std::enable_if_t<IsCoroutine<std::decay_t<R>>::value, int> = 0>
    typename std::decay_t<R>::result_type operator()(A&&... arguments) const {
        return await(f_(std::forward<A>(arguments)...));
    }

private:
    F& f_;
};
template <class R>
class ScopeBody<Coroutine<R>> {
public:
    explicit ScopeBody(Coroutine<R>& coroutine) noexcept : coroutine_(coroutine) {}
    R operator()() const { return await(coroutine_); }

private:
    Coroutine<R>& coroutine_;
};
template <class F>
using ScopeBodyOf = ScopeBody<std::remove_reference_t<F>>;

// Runs `body`, then `manager.exit` exactly once.
template <class R, class M, class Body>
R exit_after(M& manager, Body& body, std::false_type) {
    Returned<R> result;
    try {
        result.set_from(body);
    } catch (...) {
        if (!exit_manager(manager, std::current_exception())) throw;
        return handled_result<R>(std::is_default_constructible<R>());
    }
    exit_manager(manager, nullptr);
    return result.take();
}
template <class R, class M, class Body>
void exit_after(M& manager, Body& body, std::true_type) {
    try {
        body();
    } catch (...) {
        if (!exit_manager(manager, std::current_exception())) throw;
        return;
    }
    exit_manager(manager, nullptr);
}

template <class M, class F>
auto with_value(M& manager, F& f, std::true_type) -> decltype(f()) {
    enter_manager(manager);
    using R = decltype(f());
    return exit_after<R>(manager, f, std::is_void<R>());
}
// What enter() returns by value may be taken as `auto&` too: it lives until the end of the scope.
template <class F, class E>
auto call_with(F& f, E&& entered, int) -> decltype(f(std::forward<E>(entered))) { return f(std::forward<E>(entered)); }
template <class F, class E>
auto call_with(F& f, E&& entered, long) -> decltype(f(entered)) { return f(entered); }

template <class M, class F>
auto with_value(M& manager, F& f, std::false_type) -> decltype(call_with(f, enter_manager(manager), 0)) {
    auto&& entered = enter_manager(manager);
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
using EntersWithValue = std::integral_constant<bool, !std::is_void<decltype(enter_manager(std::declval<M&>()))>::value>;

// What both returned, or nothing.
template <class M1, class M2, class F>
auto with_two(M1& first, M2& second, F& f, std::true_type, std::true_type, std::false_type)
    -> decltype(f(enter_manager(first), enter_manager(second))) {
    using R = decltype(f(enter_manager(first), enter_manager(second)));
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
// null. Returns what f returns; a Coroutine that f returns is awaited within, and `f` may be a coroutine itself. An exit() that
// returns true has handled the exception; then a default result is returned. If enter() throws, neither f nor exit() runs; an
// exception thrown by exit() replaces f's.
template <class M, class F>
auto with(M&& manager, F&& f)
    -> decltype(detail::with_value(manager, std::declval<detail::ScopeBodyOf<F>&>(),
                                   detail::TakesNothing<detail::ScopeBodyOf<F>>())) {
    detail::ScopeBodyOf<F> body(f);
    return detail::with_value(manager, body, detail::TakesNothing<detail::ScopeBodyOf<F>>());
}

// Two managers, entered from left to right and exited from right to left. `f` takes what their enter() returned, if anything:
// both values, the only one, or nothing.
template <class M1, class M2, class F>
auto with(M1&& first, M2&& second, F&& f)
    -> decltype(detail::with_two(first, second, std::declval<detail::ScopeBodyOf<F>&>(), detail::EntersWithValue<M1>(),
                                 detail::EntersWithValue<M2>(), detail::TakesNothing<detail::ScopeBodyOf<F>>())) {
    detail::ScopeBodyOf<F> body(f);
    return detail::with_two(first, second, body, detail::EntersWithValue<M1>(), detail::EntersWithValue<M2>(),
                            detail::TakesNothing<detail::ScopeBodyOf<F>>());
}

}  // namespace cede

#endif
