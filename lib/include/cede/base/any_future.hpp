// What it is: a handle to a future of any result type: what a suspended coroutine hands to whoever drives it.
// When to use it: in a driver of your own (`Coroutine::send()` returns one), or to keep futures of several types in one
// container. When not: to get at a result; that takes a `Future<T>`.
//
// The handle is here, below the loop, because the coroutine room passes it on without looking inside; what it refers
// to is defined in loop/future.hpp. Copying a handle refers to the same future; nothing here cedes. Copy and destroy it
// on any thread; call its methods on the thread of its loop.
#ifndef CEDE_BASE_ANY_FUTURE_HPP
#define CEDE_BASE_ANY_FUTURE_HPP

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cede/base/closure.hpp"
#include "cede/base/context.hpp"
#include "cede/base/fwd.hpp"
#include "cede/base/ref.hpp"
#include "cede/base/stack_frame.hpp"

namespace cede {

// Names a done callback, to remove it.
enum class CallbackId : std::uint64_t {};

namespace detail {
void ref_acquire(FutureCore* core) noexcept;
void ref_release(FutureCore* core) noexcept;
[[noreturn]] void throw_empty_handle();

template <class R>
struct ReturnsCoroutine : std::false_type {};
template <class R>
struct ReturnsCoroutine<Coroutine<R>> : std::true_type {};

template <class R>
constexpr void check_callback_result() noexcept {
    static_assert(!ReturnsCoroutine<std::decay_t<R>>::value,
                  "a callback must not be a Coroutine or return one, which nobody would run: use create_task() instead");
}

// Calls a done callback with the future or with nothing, as it can.
template <class F, class Future>
auto call_with_future(F& f, Future future, int) -> decltype(f(future), void()) {
    check_callback_result<decltype(f(future))>();
    f(future);
}
template <class F, class Future>
auto call_with_future(F& f, const Future&, long) -> decltype(f(), void()) {
    check_callback_result<decltype(f())>();
    f();
}
}  // namespace detail

class AnyFuture {
public:
    AnyFuture() noexcept = default;
    explicit AnyFuture(detail::Ref<detail::FutureCore> core) noexcept : core_(std::move(core)) {}

    // False for an empty handle, which stands for a bare yield: `sleep(0)`.
    explicit operator bool() const noexcept { return static_cast<bool>(core_); }

    // The calls below throw RuntimeError on an empty handle.

    // True once there is a result, an exception or a cancellation.
    bool done() const;
    // True once it ended by cancellation.
    bool cancelled() const;
    // Null when it ended with a result, else what it ended with; marks it as retrieved. Throws InvalidStateError while it
    // is pending, CancelledError when it was cancelled.
    std::exception_ptr exception() const;
    // Asks for a cancellation; false when it was done already. `message` is carried by the CancelledError.
    bool cancel(std::string message = std::string()) const;
    // The loop it belongs to. Throws RuntimeError when that loop is gone.
    EventLoop& get_loop() const;
    // `f`: void(AnyFuture) or void(), run by call_soon once this is done, in the order added: how a driver of its own
    // learns that the coroutine can go on.
    template <class F>
    CallbackId add_done_callback(F f) const { return add_callback_as<AnyFuture>(std::move(f), detail::snapshot_context()); }
    template <class F>
    CallbackId add_done_callback(F f, const Context& context) const {
        return add_callback_as<AnyFuture>(std::move(f), context.data());
    }
    // False when it was removed or scheduled before.
    bool remove_done_callback(CallbackId id) const;
    // Where it was created, the creating call last, if its loop was in debug mode; else empty.
    std::vector<StackFrame> source_traceback() const;

    friend bool operator==(const AnyFuture& a, const AnyFuture& b) noexcept { return a.core_ == b.core_; }
    friend bool operator!=(const AnyFuture& a, const AnyFuture& b) noexcept { return a.core_ != b.core_; }
    // Some order, for std::set and std::map.
    friend bool operator<(const AnyFuture& a, const AnyFuture& b) noexcept {
        return std::less<const void*>()(a.core_.get(), b.core_.get());
    }

    detail::FutureCore* core() const noexcept { return core_.get(); }
    // The same; throws RuntimeError for an empty handle.
    detail::FutureCore& checked_core() const {
        if (!core_) detail::throw_empty_handle();
        return *core_;
    }
    const detail::Ref<detail::FutureCore>& ref() const& noexcept { return core_; }
    detail::Ref<detail::FutureCore> ref() && noexcept { return std::move(core_); }

protected:
    // The callback gets a `Handle` to this future: of a task, the task.
    template <class Handle, class F>
    CallbackId add_callback_as(F f, detail::Ref<detail::ContextData> context) const {
        // Not counted, as in Future<T>: a callback that kept its own pending future would never be freed.
        return add_callback(
            [core = core_.get(), f = std::move(f)]() mutable {
                detail::call_with_future(f, Handle(detail::Ref<detail::FutureCore>(core)), 0);
            },
            std::move(context));
    }

    detail::Ref<detail::FutureCore> core_;

private:
    CallbackId add_callback(detail::Closure<void> callback, detail::Ref<detail::ContextData> context) const;
};

}  // namespace cede

// Handles of the same future are equal and hash alike, whatever their types.
namespace std {
template <>
struct hash<cede::AnyFuture> {
    size_t operator()(const cede::AnyFuture& future) const noexcept { return hash<const void*>()(future.core()); }
};
template <>
struct hash<cede::AnyTask> : hash<cede::AnyFuture> {};
template <class T>
struct hash<cede::Future<T>> : hash<cede::AnyFuture> {};
template <class T>
struct hash<cede::Task<T>> : hash<cede::AnyFuture> {};
}  // namespace std

#endif
