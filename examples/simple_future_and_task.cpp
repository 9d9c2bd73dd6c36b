// 002, section 8, SimpleFuture and SimpleTask: how a task drives its coroutine, step by step and wakeup by wakeup.
//
// The coroutine is a Generator that yields the futures it waits for. What future_and_task_by_hand leaves out is here:
// results of any type, and exceptions that arrive where the future is awaited.
#include <cede/cede.hpp>

#include <deque>
#include <exception>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using Callback = std::function<void()>;

std::deque<Callback> ready;  // the event loop
void run_all() {
    for (; !ready.empty(); ready.pop_front()) ready.front()();
}

class FutureBase;
using Yield = cede::Yield<FutureBase*>;

class FutureBase {
public:
    bool done() const { return done_; }
    void add_done_callback(Callback callback) {
        if (done_) return callback();
        callbacks_.push_back(std::move(callback));
    }
    void set_exception(std::exception_ptr exception) {
        exception_ = std::move(exception);
        finish();
    }

protected:
    void finish() {
        done_ = true;
        for (const Callback& callback : std::exchange(callbacks_, {})) callback();
    }
    void check() const {
        if (!done_) throw cede::InvalidStateError("result not ready");
        if (exception_) std::rethrow_exception(exception_);
    }

private:
    bool done_ = false;
    std::exception_ptr exception_;
    std::vector<Callback> callbacks_;
};

template <class T>
class SimpleFuture : public FutureBase {
public:
    void set_result(T result) {
        result_ = std::move(result);
        finish();
    }
    const T& result() const {
        check();
        return result_;
    }
    // __await__
    const T& await(Yield& yield) {
        if (!done()) yield(this);  // This is what makes the future awaitable.
        return result();
    }

private:
    T result_{};
};

template <class T>
class SimpleTask : public SimpleFuture<T> {
public:
    using Coroutine = cede::Generator<FutureBase*, void, T>;

    explicit SimpleTask(Coroutine coro) : coro_(std::move(coro)) {
        ready.push_back([this] { step(); });
    }

private:
    void step() {
        try {
            // Run the coroutine to the next yield point.
            FutureBase* const awaited = coro_.next();
            awaited->add_done_callback([this] { wakeup(); });
        } catch (cede::StopIteration<T>& stop) {
            this->set_result(std::move(stop.value));
        } catch (const std::exception&) {
            this->set_exception(std::current_exception());
        }
    }
    void wakeup() { step(); }

    Coroutine coro_;
};

int main() {
    SimpleFuture<std::string> page, broken;

    SimpleTask<std::size_t> size([&](Yield& yield) { return page.await(yield).size(); });
    SimpleTask<std::string> both([&](Yield& yield) {
        std::string text = "the page has " + std::to_string(size.await(yield)) + " bytes";
        try {
            broken.await(yield);
        } catch (const std::runtime_error& error) {
            text += ", the other none: " + std::string(error.what());
        }
        return text;
    });
    SimpleTask<int> fails([&](Yield& yield) { return std::stoi(both.await(yield)); });

    run_all();
    std::cout << "done while the page is pending: " << size.done() << both.done() << fails.done() << "\n";
    page.set_result("<html>");
    std::cout << "done when the page is there:    " << size.done() << both.done() << fails.done() << "\n";
    broken.set_exception(std::make_exception_ptr(std::runtime_error("connection refused")));
    std::cout << "done when the other has failed: " << size.done() << both.done() << fails.done() << "\n";

    std::cout << both.result() << "\n";
    try {
        fails.result();
    } catch (const std::invalid_argument&) {
        std::cout << "fails.result() throws what its coroutine threw\n";
    }
}
