// What it is: the callback that await_callback() hands to old code: calling it continues the task that waits. When to use it:
// wherever the old code wants a callback, as it is or inside a lambda; for C, as user_data() and from(), or c_callback().
// When not: to set the result of a Future that several tasks wait for.
//
// Copying a handle refers to the same completion. Everything here may be called from any thread, at any time: inside start,
// later, again, when nobody waits any more, when the loop is gone. Nothing here cedes.
#ifndef CEDE_TASK_COMPLETION_HPP
#define CEDE_TASK_COMPLETION_HPP

#include <exception>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/types/variant.h"

#include "cede/base/result.hpp"
#include "cede/task/completion_core.hpp"

namespace cede {

namespace detail {

template <class R>
class CompletionState final : public CompletionCore {
public:
    explicit CompletionState(const CallSite& where) : CompletionCore(where, typeid(R)) {}

    // Calls `make` for the value if this is the first call. An exception that it throws is the completion's.
    template <class F>
    void complete_with(F&& make) {
        if (!claim()) return;
        std::exception_ptr error;
        try {
            result_.set_from(make);
        } catch (...) {
            error = std::current_exception();
        }
        complete(std::move(error));
    }
    R take() { return result_.take(); }

private:
    ~CompletionState() override = default;

    Result<R> result_;
};

// Or what making it has thrown: a failure that cannot be told in full is told all the same.
std::exception_ptr make_system_error(std::error_code code) noexcept;

template <class R, class Signature>
struct CTrampoline;

}  // namespace detail

// A C callback: a function pointer, and the `void*` to register with it.
template <class Signature>
struct CCallback {
    Signature* function;
    void* data;
};

template <class R = void>
class Completion {
public:
    // absl::monostate for void.
    using Value = std::conditional_t<std::is_void<R>::value, absl::monostate, R>;

    // Empty: calls do nothing.
    Completion() noexcept = default;

    // The await evaluates to `value`. The first call or fail() counts.
    void operator()(Value value) const {
        if (handle_.core() != nullptr) complete(std::move(value), std::is_void<R>());
    }
    template <class U = R, class = std::enable_if_t<std::is_void<U>::value>>
    void operator()() const { (*this)(Value()); }
    // The await throws this.
    void fail(std::exception_ptr error) const {
        if (handle_.core() != nullptr) handle_.core()->fail(std::move(error));
    }
    // As std::system_error.
    void fail(std::error_code code) const { fail(detail::make_system_error(code)); }
    void fail(std::errc code) const { fail(std::make_error_code(code)); }
    template <class E, class = std::enable_if_t<!std::is_convertible<E, std::exception_ptr>::value &&
                                                !std::is_convertible<E, std::error_code>::value>>
    void fail(E error) const { fail(std::make_exception_ptr(std::move(error))); }

    // `f`: void(), run on the awaiting fiber when the await is cancelled, before the CancelledError leaves it: to stop the
    // work. At once, on this thread, when it was cancelled already; never when the completion was called. The last one
    // given counts. What it throws is reported as unraisable.
    template <class F>
    void on_cancel(F f) const {
        if (handle_.core() != nullptr) handle_.core()->set_on_cancel(std::move(f));
    }

    // For a C callback, `void f(..., void* user)`: what to register as its user data. The library that gets it counts as a
    // holder of this completion for as long as the await lasts.
    void* user_data() const {
        return handle_.core() != nullptr ? reinterpret_cast<void*>(handle_.core()->key()) : nullptr;
    }
    // Inside the C callback: the completion of that user data; an empty one when its await is over, however often the
    // library comes back.
    static Completion from(void* user_data) {
        return Completion(detail::find_completion(reinterpret_cast<std::uintptr_t>(user_data), typeid(R)));
    }
    // A C callback that makes the value from its arguments but the user data, which comes last or first:
    // `auto done_c = done.template c_callback<void(int, const char*, void*)>(); old(done_c.function, done_c.data);`
    template <class Signature>
    CCallback<Signature> c_callback() const {
        return CCallback<Signature>{&detail::CTrampoline<R, Signature>::call, user_data()};
    }

    // For await_callback().
    explicit Completion(detail::CompletionHandle handle) noexcept : handle_(std::move(handle)) {}

private:
    template <class Q, class Signature>
    friend struct detail::CTrampoline;
    detail::CompletionState<R>& state() const noexcept {
        return static_cast<detail::CompletionState<R>&>(*handle_.core());
    }

    void complete(Value value, std::false_type) const {
        state().complete_with([&]() -> R { return std::move(value); });
    }
    void complete(Value, std::true_type) const {
        state().complete_with([] {});
    }

    detail::CompletionHandle handle_;
};

namespace detail {

template <class R, class Ret, class... Args>
struct CTrampoline<R, Ret(Args...)> {
    using Tuple = std::tuple<Args...>;
    static constexpr std::size_t count = sizeof...(Args);
    static_assert(count > 0, "a C callback needs a void* parameter for its user data");
    static constexpr bool last = std::is_same<std::tuple_element_t<count - 1, Tuple>, void*>::value;
    static_assert(last || std::is_same<std::tuple_element_t<0, Tuple>, void*>::value,
                  "the user data must be the last or the first parameter: write the C callback with Completion::from()");
    static_assert(!std::is_void<R>::value || count == 1,
                  "the arguments would be lost: await_callback a type that is made of them, or use Completion::from()");

    static Ret call(Args... args) noexcept {
        Tuple all(args...);
        complete(Completion<R>::from(std::get<last ? count - 1 : 0>(all)), all, std::make_index_sequence<count - 1>(),
                 std::is_void<R>());
        return Ret();
    }

private:
    template <std::size_t... I>
    static void complete(const Completion<R>& done, Tuple& args, std::index_sequence<I...>, std::false_type) {
        if (done.handle_.core() == nullptr) return;
        done.state().complete_with([&]() -> R { return R(std::get<last ? I : I + 1>(args)...); });
    }
    static void complete(const Completion<R>& done, Tuple&, std::index_sequence<>, std::true_type) { done(); }
};

}  // namespace detail
}  // namespace cede

#endif
