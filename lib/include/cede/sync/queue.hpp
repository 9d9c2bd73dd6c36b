// What it is: items that some tasks put in and others take out, in order: asyncio's Queue, PriorityQueue and LifoQueue. When to
// use it: between producers and consumers; with a maxsize, so that the producers wait for the consumers. When not: for a
// single value (Future); between threads.
//
// The items need only be movable. Who waits longest is served first. Copying a handle refers to the same queue; a
// PriorityQueue or LifoQueue may be passed as a Queue. Loop's thread only; copy and destroy it on any. It belongs to the loop
// in which a task first waits for it; waiting in another loop throws RuntimeError.
#ifndef CEDE_SYNC_QUEUE_HPP
#define CEDE_SYNC_QUEUE_HPP

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "cede/coroutine/coroutine.hpp"
#include "cede/sync/errors.hpp"
#include "cede/sync/queue_core.hpp"

namespace cede {

namespace detail {

template <class T>
class QueueState : public QueueCore {
public:
    virtual void push(T item) = 0;
    virtual T pop() = 0;

protected:
    using QueueCore::QueueCore;

private:
    void drop_one() final { pop(); }
};

template <class T>
class FifoState : public QueueState<T> {
public:
    explicit FifoState(std::ptrdiff_t maxsize) : QueueState<T>(maxsize) {}
    std::size_t size() const noexcept final { return items_.size(); }
    void push(T item) final { items_.push_back(std::move(item)); }
    T pop() final {
        T item = std::move(items_.front());
        items_.pop_front();
        return item;
    }

private:
    std::deque<T> items_;
};

template <class T>
class LifoState : public QueueState<T> {
public:
    explicit LifoState(std::ptrdiff_t maxsize) : QueueState<T>(maxsize) {}
    std::size_t size() const noexcept final { return items_.size(); }
    void push(T item) final { items_.push_back(std::move(item)); }
    T pop() final {
        T item = std::move(items_.back());
        items_.pop_back();
        return item;
    }

private:
    std::vector<T> items_;
};

template <class T, class Less>
class PriorityState : public QueueState<T> {
public:
    PriorityState(std::ptrdiff_t maxsize, Less less) : QueueState<T>(maxsize), later_{std::move(less)} {}
    std::size_t size() const noexcept final { return items_.size(); }
    void push(T item) final {
        items_.push_back(std::move(item));
        std::push_heap(items_.begin(), items_.end(), later_);
    }
    T pop() final {
        std::pop_heap(items_.begin(), items_.end(), later_);
        T item = std::move(items_.back());
        items_.pop_back();
        return item;
    }

private:
    // The standard's heaps give the largest first.
    struct Later {
        Less less;
        bool operator()(const T& a, const T& b) const { return less(b, a); }
    };
    Later later_;
    std::vector<T> items_;
};

}  // namespace detail

template <class T>
class Queue {
public:
    // For at most `maxsize` items; zero or less for any number.
    explicit Queue(std::ptrdiff_t maxsize = 0) : state_(std::make_shared<detail::FifoState<T>>(maxsize)) {}

    // When awaited, puts the item in, and cedes while the queue is full. A cancelled put() puts nothing in. Throws
    // QueueShutDown.
    Coroutine<void> put(T item) const {
        return [state = state_, item = std::move(item)]() mutable {
            state->wait_for_room();
            try {
                put_in(*state, std::move(item));
            } catch (...) {
                state->decline_room();
                throw;
            }
        };
    }
    // Puts the item in. Does not cede. Throws QueueFull, QueueShutDown.
    void put_nowait(T item) const { put_in(*state_, std::move(item)); }
    // When awaited, takes an item out, and cedes while there is none. A cancelled get() loses no item. Throws QueueShutDown.
    Coroutine<T> get() const {
        return [state = state_]() -> T {
            state->wait_for_item();
            return take_out(*state);
        };
    }
    // Takes an item out. Does not cede. Throws QueueEmpty, QueueShutDown.
    T get_nowait() const { return take_out(*state_); }

    // Says that the work on an item is done; once for each that get() gave. Throws std::invalid_argument beyond that.
    void task_done() const { state_->task_done(); }
    // When awaited, cedes until task_done() was called for all that was put in.
    Coroutine<void> join() const {
        return [state = state_] { state->join(); };
    }
    // From here on put() throws QueueShutDown, and so does get() once the queue is empty; who waits in them is woken.
    // `immediate` drops what is in the queue, and counts it as done. Does not cede.
    void shutdown(bool immediate = false) const { state_->shutdown(immediate); }

    std::size_t qsize() const noexcept { return state_->size(); }
    bool empty() const noexcept { return state_->size() == 0; }
    bool full() const noexcept { return state_->full(); }
    std::ptrdiff_t maxsize() const noexcept { return state_->maxsize(); }

    friend bool operator==(const Queue& a, const Queue& b) noexcept { return a.state_ == b.state_; }
    friend bool operator!=(const Queue& a, const Queue& b) noexcept { return a.state_ != b.state_; }

protected:
    explicit Queue(std::shared_ptr<detail::QueueState<T>> state) noexcept : state_(std::move(state)) {}

private:
    static void put_in(detail::QueueState<T>& state, T&& item) {
        state.check_room();
        state.push(std::move(item));
        state.added();
    }
    static T take_out(detail::QueueState<T>& state) {
        state.check_item();
        T item = state.pop();
        state.removed();
        return item;
    }

    std::shared_ptr<detail::QueueState<T>> state_;
};

// The smallest item first, by `Less`; which of two equal ones is not said.
template <class T, class Less = std::less<T>>
class PriorityQueue : public Queue<T> {
public:
    explicit PriorityQueue(std::ptrdiff_t maxsize = 0, Less less = Less())
        : Queue<T>(std::make_shared<detail::PriorityState<T, Less>>(maxsize, std::move(less))) {}
};

// The newest item first.
template <class T>
class LifoQueue : public Queue<T> {
public:
    explicit LifoQueue(std::ptrdiff_t maxsize = 0) : Queue<T>(std::make_shared<detail::LifoState<T>>(maxsize)) {}
};

}  // namespace cede

#endif
