// What it is: waiting for several things at once and getting all results: asyncio's gather. When to use it: for a fixed set
// of awaitables. When not: where a failure should stop the others (TaskGroup), or where results are wanted as they come
// (as_completed).
//
// Coroutines and callables become tasks; futures and tasks are taken as they are, and their loop is the gather's. The
// first failure completes the gather and leaves the others running; gather_outcomes never fails because of one.
// Cancelling a gather cancels every child that is not done. Nothing here cedes; loop's thread only.
#ifndef CEDE_TASK_GATHER_HPP
#define CEDE_TASK_GATHER_HPP

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/types/variant.h"

#include "cede/base/nodiscard.hpp"
#include "cede/loop/loop_owned.hpp"
#include "cede/task/outcome.hpp"
#include "cede/task/task.hpp"

namespace cede {

namespace detail {

// The waiting, without types.
class GatherCore : public FutureCore, public LoopOwned {
public:
    bool cancel(std::string message) override;
    // A cancel() is on its way through the children: one of them that asks for another awaits this gather, in a ring.
    bool cancel_under_way() const noexcept { return cancelling_children_; }
    // LoopOwned: lets the children go.
    void loop_closes() noexcept override;

    // Takes the children, once; collect() is called when the last is done. The children's own handles stay with the
    // deriving class.
    void start(std::vector<Ref<FutureCore>> children);

protected:
    GatherCore(EventLoop& loop, void* slot, bool outcomes) : FutureCore(loop, slot, false), outcomes_(outcomes) {}
    ~GatherCore() override;

    // Puts the results into the slot.
    virtual void collect() = 0;

private:
    void child_done(FutureCore& child);
    void complete();

    struct Child {
        Ref<FutureCore> future;
        CallbackId callback;  // zero for one that was given before
    };
    std::vector<Child*> distinct_children();
    void leave_loop() noexcept;

    std::vector<Child> children_;
    std::size_t unfinished_ = 0;
    const bool outcomes_;
    bool cancel_requested_ = false;
    bool cancelling_children_ = false;
    bool listed_ = false;
};

// Whether `future` is such a gather.
bool cancel_under_way(const FutureCore& future) noexcept;

// Completes when all of them are done, with whatever outcome.
Future<void> when_all_done(EventLoop& loop, const std::vector<AnyTask>& tasks);

template <class T>
using ValueOf = std::conditional_t<std::is_void<T>::value, absl::monostate, T>;

template <class T>
T gathered(const Future<T>& future, std::false_type) { return future.take(false); }
template <class T>
absl::monostate gathered(const Future<T>&, std::true_type) { return absl::monostate(); }

// How a child's result is given: itself, or as an Outcome.
template <class T>
struct Plain {
    using type = ValueOf<T>;
    static type get(const Future<T>& future) { return gathered(future, std::is_void<T>()); }
};
template <class T>
struct AsOutcome {
    using type = Outcome<T>;
    static type get(const Future<T>& future) {
        std::exception_ptr error = future.core()->outcome();
        return error ? type(std::move(error)) : type(gathered(future, std::is_void<T>()));
    }
};

template <template <class> class As, class... Ts>
class GatherTuple final : public GatherCore {
public:
    using Results = std::tuple<typename As<Ts>::type...>;

    GatherTuple(EventLoop& loop, bool outcomes, Future<Ts>... futures)
        : GatherCore(loop, &results_, outcomes), futures_(std::move(futures)...) {}

private:
    void collect() override { collect(std::index_sequence_for<Ts...>()); }
    template <std::size_t... I>
    void collect(std::index_sequence<I...>) {
        results_.set_from([&]() -> Results { return Results(As<Ts>::get(std::get<I>(futures_))...); });
    }

    std::tuple<Future<Ts>...> futures_;
    Result<Results> results_;
};

template <template <class> class As, class T>
class GatherVector final : public GatherCore {
public:
    using Results = std::vector<typename As<T>::type>;

    GatherVector(EventLoop& loop, bool outcomes, std::vector<Future<T>> futures)
        : GatherCore(loop, &results_, outcomes), futures_(std::move(futures)) {}

private:
    void collect() override {
        results_.set_from([&] {
            Results results;
            results.reserve(futures_.size());
            for (const Future<T>& future : futures_) results.push_back(As<T>::get(future));
            return results;
        });
    }

    std::vector<Future<T>> futures_;
    Result<Results> results_;
};

// The loop of the first future among the arguments, else the current one. Throws RuntimeError without any.
inline EventLoop* loop_of(const AnyFuture& future) { return &future.get_loop(); }
template <class X>
std::enable_if_t<!IsFuture<X>::value, EventLoop*> loop_of(const X&) { return nullptr; }
EventLoop& first_loop(std::initializer_list<EventLoop*> loops);

template <class State, class Futures, std::size_t... I>
Future<typename State::Results> gather_futures(EventLoop& loop, bool outcomes, Futures futures,
                                               std::index_sequence<I...>) {
    std::vector<Ref<FutureCore>> children{std::get<I>(futures).ref()...};
    Ref<GatherCore> core(new State(loop, outcomes, std::get<I>(std::move(futures))...));
    core->start(std::move(children));
    static_cast<void>(futures);  // of none, nothing has used it
    return Future<typename State::Results>(Ref<FutureCore>(std::move(core)));
}

// The children of one call. A coroutine that has a name and is given twice is one task, as in asyncio.
template <std::size_t N>
class ChildrenOf {
public:
    explicit ChildrenOf(EventLoop& loop) noexcept : loop_(loop) {}
    template <class X>
    Future<AwaitedT<X>> make(X&& x) {
        return make<X>(std::forward<X>(x), std::integral_constant<bool, std::is_lvalue_reference<X>::value &&
                                                                            IsCoroutine<std::decay_t<X>>::value>());
    }

private:
    template <class X>
    Future<AwaitedT<X>> make(X&& x, std::false_type) {
        return with_result<AwaitedT<X>>(ensure_future(std::forward<X>(x), loop_));
    }
    template <class X>
    Future<AwaitedT<X>> make(X&& coroutine, std::true_type) {
        for (std::size_t i = 0; i < count_; ++i) {
            if (coroutines_[i] == &coroutine) return Future<AwaitedT<X>>(Ref<FutureCore>(tasks_[i]));
        }
        Future<AwaitedT<X>> made = make<X>(coroutine, std::false_type());
        coroutines_[count_] = &coroutine;
        tasks_[count_++] = made.core();
        return made;
    }

    EventLoop& loop_;  // which keeps the tasks until they are done
    std::size_t count_ = 0;
    const void* coroutines_[N];
    FutureCore* tasks_[N];
};

template <template <class> class As, class... Xs>
Future<std::tuple<typename As<AwaitedT<Xs>>::type...>> gather_all(bool outcomes, Xs&&... xs) {
    using State = GatherTuple<As, AwaitedT<Xs>...>;
    EventLoop& loop = first_loop({loop_of(xs)...});
    ChildrenOf<sizeof...(Xs) + 1> children(loop);
    // Braces: tasks are made from left to right, which the order of a call's arguments would not promise.
    std::tuple<Future<AwaitedT<Xs>>...> futures{children.make(std::forward<Xs>(xs))...};
    return gather_futures<State>(loop, outcomes, std::move(futures), std::index_sequence_for<Xs...>());
}
template <template <class> class As, class Range>
auto gather_range(bool outcomes, Range&& range) -> Future<std::vector<typename As<AwaitedT<RangeValue<Range>>>::type>> {
    using T = AwaitedT<RangeValue<Range>>;
    using State = GatherVector<As, T>;
    const auto first = range.begin();
    const auto count = static_cast<std::size_t>(std::distance(first, range.end()));
    EventLoop& loop = count == 0 ? get_event_loop() : first_loop({loop_of(*first)});
    std::vector<Future<T>> futures;
    std::vector<Ref<FutureCore>> children;
    futures.reserve(count);
    children.reserve(count);
    for (auto&& each : range) {
        futures.push_back(with_result<T>(ensure_future(static_cast<RangeItem<Range>>(each), loop)));
        children.push_back(futures.back().ref());
    }
    Ref<GatherCore> core(new State(loop, outcomes, std::move(futures)));
    core->start(std::move(children));
    return Future<typename State::Results>(Ref<FutureCore>(std::move(core)));
}

template <class... Xs>
struct IsOneRange : std::false_type {};
template <class X>
struct IsOneRange<X> : IsRange<std::decay_t<X>> {};

}  // namespace detail

// Futures of a tuple of the results; absl::monostate stands for void, and for what an AnyTask or AnyFuture ends with. Throws
// std::invalid_argument when the futures belong to different loops, RuntimeError when there is no loop.
template <class... Xs, class = std::enable_if_t<!detail::IsOneRange<Xs...>::value>>
CEDE_NODISCARD auto gather(Xs&&... xs) -> decltype(detail::gather_all<detail::Plain>(false, std::forward<Xs>(xs)...)) {
    return detail::gather_all<detail::Plain>(false, std::forward<Xs>(xs)...);
}
// The same for a container of one type, a vector as a rule, or a list in braces: Python's gather(*xs). Its results are a vector.
template <class Range, class = std::enable_if_t<detail::IsRange<std::decay_t<Range>>::value>>
CEDE_NODISCARD auto gather(Range&& xs)
    -> decltype(detail::gather_range<detail::Plain>(false, std::forward<Range>(xs))) {
    return detail::gather_range<detail::Plain>(false, std::forward<Range>(xs));
}

template <class X>
CEDE_NODISCARD auto gather(std::initializer_list<X> xs)
    -> decltype(detail::gather_range<detail::Plain>(false, detail::elements_of(xs))) {
    return detail::gather_range<detail::Plain>(false, detail::elements_of(xs));
}

// asyncio's return_exceptions=True: an Outcome in the place of each result.
template <class... Xs, class = std::enable_if_t<!detail::IsOneRange<Xs...>::value>>
CEDE_NODISCARD auto gather_outcomes(Xs&&... xs)
    -> decltype(detail::gather_all<detail::AsOutcome>(true, std::forward<Xs>(xs)...)) {
    return detail::gather_all<detail::AsOutcome>(true, std::forward<Xs>(xs)...);
}
template <class Range, class = std::enable_if_t<detail::IsRange<std::decay_t<Range>>::value>>
CEDE_NODISCARD auto gather_outcomes(Range&& xs)
    -> decltype(detail::gather_range<detail::AsOutcome>(true, std::forward<Range>(xs))) {
    return detail::gather_range<detail::AsOutcome>(true, std::forward<Range>(xs));
}
template <class X>
CEDE_NODISCARD auto gather_outcomes(std::initializer_list<X> xs)
    -> decltype(detail::gather_range<detail::AsOutcome>(true, detail::elements_of(xs))) {
    return detail::gather_range<detail::AsOutcome>(true, detail::elements_of(xs));
}

}  // namespace cede

#endif
