// What it is: the place for a result that is not there yet: asyncio's Future.
// When to use it: to bring something of the outside (a callback, an event) into code that awaits. When not: to run a
// coroutine beside this one; create_task gives a Task, which is a Future. Between threads: ConcurrentFuture.
//
// Copying a handle refers to the same future. Loop's thread only, except that handles may be copied and destroyed on any
// thread. Nothing here cedes; `await(future)` (task/await.hpp) does.
#ifndef CEDE_LOOP_FUTURE_HPP
#define CEDE_LOOP_FUTURE_HPP

#include <exception>
#include <type_traits>
#include <utility>

#include "absl/types/variant.h"

#include "cede/base/any_future.hpp"
#include "cede/base/copyable.hpp"
#include "cede/base/exceptions.hpp"
#include "cede/base/result.hpp"
#include "cede/loop/future_core.hpp"

namespace cede {

namespace detail {

template <class T>
class FutureState : public FutureCore {
public:
    explicit FutureState(EventLoop& loop) : FutureCore(loop, &result_, false) {}
    ~FutureState() override = default;

private:
    Result<T> result_;
};

[[noreturn]] void throw_taken();

}  // namespace detail

template <class T>
class Future : public AnyFuture {
public:
    using result_type = T;
    // What set_result takes; absl::monostate for void.
    using Value = std::conditional_t<std::is_void<T>::value, absl::monostate, T>;

    // Pending, on the running loop, or on the one of set_event_loop when none runs. Throws RuntimeError without either.
    Future() : Future(detail::loop_for_future()) {}
    explicit Future(EventLoop& loop) : AnyFuture(detail::Ref<detail::FutureCore>(new detail::FutureState<T>(loop))) {}
    // Empty: refers to no future.
    Future(std::nullptr_t) noexcept {}
    explicit Future(detail::Ref<detail::FutureCore> core) noexcept : AnyFuture(std::move(core)) {}

    // The result. Throws the exception it holds, CancelledError, or InvalidStateError while it is pending, or when a
    // move-only result was taken by an await.
    std::add_lvalue_reference_t<const T> result() const {
        checked_core().check();
        return value_of_slot(std::is_void<T>());
    }
    // Completes it. Throws InvalidStateError when it is done, RuntimeError for a task.
    void set_result(Value value) const {
        checked_core().check_settable();
        set(std::move(value), std::is_void<T>());
        core_->finish();
    }
    template <class U = T, class = std::enable_if_t<std::is_void<U>::value>>
    void set_result() const { set_result(absl::monostate()); }
    // Completes it with an exception: an exception object, or an exception_ptr. A StopIteration becomes a RuntimeError.
    // Throws as set_result.
    template <class E>
    void set_exception(E exception) const { set_exception(std::make_exception_ptr(std::move(exception))); }
    void set_exception(std::exception_ptr exception) const {
        checked_core().check_settable();
        core_->set_exception(std::move(exception));
    }

    // `f`: void(Future<T>) or void(), run by call_soon once this is done, in the order added.
    template <class F>
    CallbackId add_done_callback(F f) const {
        return add_callback_as<Future>(std::move(f), detail::snapshot_context());
    }
    template <class F>
    CallbackId add_done_callback(F f, const Context& context) const {
        return add_callback_as<Future>(std::move(f), context.data());
    }
    // False when it was removed or scheduled before.
    bool remove_done_callback(CallbackId id) const { return checked_core().remove_done_callback(id); }

    // For await: a copy of the result, or the result itself when the type has no copies or `last` is set.
    T take(bool last) const;

protected:
    // The callback gets a `Handle` to this future: of a task, the task.
    template <class Handle, class F>
    CallbackId add_callback_as(F f, detail::Ref<detail::ContextData> context) const {
        // The future is not counted here: a callback that kept its own pending future would never be freed. The core
        // keeps itself from the moment the callback is scheduled.
        detail::FutureCore* core = &checked_core();
        return core->add_done_callback(
            [core, f = std::move(f)]() mutable {
                detail::call_with_future(f, Handle(detail::Ref<detail::FutureCore>(core)), 0);
            },
            std::move(context));
    }

private:
    detail::Result<T>& slot() const noexcept { return *static_cast<detail::Result<T>*>(core_->slot()); }
    // Of void the slot is left alone: this may stand for a future of any type, see with_result() in task/task.hpp.
    void value_of_slot(std::true_type) const noexcept {}
    std::add_lvalue_reference_t<const T> value_of_slot(std::false_type) const {
        if (core_->taken()) detail::throw_taken();
        return slot().get();
    }
    void set(absl::monostate, std::true_type) const {
        slot().set_from([] {});
    }
    void set(Value value, std::false_type) const {
        slot().set_from([&]() -> T { return std::move(value); });
    }
    T take_as(bool last, std::true_type) const { return last ? std::move(slot().get()) : slot().get(); }
    T take_as(bool, std::false_type) const {
        if (core_->taken()) detail::throw_taken();
        core_->set_taken();
        return std::move(slot().get());
    }
};

template <class T>
T Future<T>::take(bool last) const { return take_as(last, detail::IsCopyable<T>()); }
template <>
inline void Future<void>::take(bool) const {}

}  // namespace cede

#endif
