// What it is: the results of several awaitables in the order in which they are there: asyncio's as_completed. When to use
// it: to handle each as soon as possible. When not: to have them all in the order given (gather).
//
// In two forms, which may be mixed; each item is delivered once, whichever asks:
//   for (auto next : as_completed(tasks)) use(await(std::move(next)));         // any of these awaits gets the next result
//   auto done = as_completed(tasks);
//   while (auto task = await(done.next())) use(*task, task->result());       // the tasks themselves, done
//
// Left early it can be taken up again, and goes on where it was. Loop's thread only, its destruction too.
#ifndef CEDE_TASK_AS_COMPLETED_HPP
#define CEDE_TASK_AS_COMPLETED_HPP

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/types/optional.h"

#include "cede/base/duration.hpp"
#include "cede/task/task.hpp"

namespace cede {

namespace detail {

class AsCompletedState;
std::shared_ptr<AsCompletedState> start_as_completed(EventLoop& loop, std::vector<AnyFuture> futures,
                                                     absl::optional<Duration> timeout);
// Counts an item as asked for; false when all have been.
bool claim_completed(AsCompletedState& state) noexcept;
// Cedes until one more is done. Throws TimeoutError.
AnyFuture next_completed(AsCompletedState& state);
[[noreturn]] void throw_all_completed();

// The handle that stands for an X: itself, or the task that is made of it.
template <class X>
using CompletedHandle = std::conditional_t<IsFuture<X>::value, X, Task<AwaitedT<X>>>;

}  // namespace detail

template <class H>
class AsCompleted {
public:
    using T = typename detail::Awaited<H>::type;

    explicit AsCompleted(std::shared_ptr<detail::AsCompletedState> state) noexcept : state_(std::move(state)) {}
    AsCompleted(AsCompleted&&) noexcept = default;
    AsCompleted& operator=(AsCompleted&&) noexcept = default;

    // When awaited, cedes until one more is done; evaluates to its handle, or to nothing when all were delivered. Throws
    // TimeoutError.
    Coroutine<absl::optional<H>> next() const {
        return [state = state_]() -> absl::optional<H> {
            if (!detail::claim_completed(*state)) return absl::nullopt;
            return absl::optional<H>(H(detail::next_completed(*state).ref()));
        };
    }
    // The same; throws StopAsyncIteration when all were delivered.
    Coroutine<H> anext() const {
        return [state = state_]() -> H {
            if (!detail::claim_completed(*state)) detail::throw_all_completed();
            return H(detail::next_completed(*state).ref());
        };
    }

    // Gives coroutines; each, when awaited, evaluates to the next result, or throws what that one ended with, or
    // TimeoutError.
    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Coroutine<T>;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = Coroutine<T>;

        iterator() noexcept = default;
        explicit iterator(std::shared_ptr<detail::AsCompletedState> state) : state_(std::move(state)) { ++*this; }
        Coroutine<T> operator*() const {
            return [state = state_]() -> T { return result_of(detail::next_completed(*state), std::is_void<T>()); };
        }
        iterator& operator++() {
            if (!detail::claim_completed(*state_)) state_ = nullptr;
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.state_ == b.state_; }
        friend bool operator!=(const iterator& a, const iterator& b) noexcept { return a.state_ != b.state_; }

    private:
        static T result_of(AnyFuture done, std::false_type) { return await(Future<T>(std::move(done).ref())); }
        static void result_of(AnyFuture done, std::true_type) { await(done); }

        std::shared_ptr<detail::AsCompletedState> state_;
    };
    // Begins where the last iteration was left.
    iterator begin() const { return iterator(state_); }
    iterator end() const noexcept { return iterator(); }

private:
    std::shared_ptr<detail::AsCompletedState> state_;
};

// Of a container of futures, tasks, coroutines or callables, of which the latter become tasks at once; a future given twice
// counts once. With a timeout, those not done by then are delivered as TimeoutError each, and go on. Throws RuntimeError
// when there is no loop, std::invalid_argument for a future of another one. Does not cede.
template <class Range>
AsCompleted<detail::CompletedHandle<detail::RangeValue<Range>>> as_completed(
    Range&& xs, absl::optional<Duration> timeout = absl::nullopt) {
    EventLoop& loop = get_event_loop();
    std::vector<AnyFuture> futures;
    for (auto&& x : xs) futures.push_back(ensure_future(static_cast<detail::RangeItem<Range>>(x), loop));
    return AsCompleted<detail::CompletedHandle<detail::RangeValue<Range>>>(
        detail::start_as_completed(loop, std::move(futures), timeout));
}
template <class X>
AsCompleted<detail::CompletedHandle<X>> as_completed(std::initializer_list<X> xs,
                                                     absl::optional<Duration> timeout = absl::nullopt) {
    return cede::as_completed(detail::elements_of(xs), timeout);
}

}  // namespace cede

#endif
