// 001, "Futures" and "`await`-ing Tasks, Futures & coroutines": the text's Future and Task, written out on nothing but a
// Generator that yields the future it waits for. cede's own are these two with types, errors and cancellation added.
#include <cede/cede.hpp>

#include <deque>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <utility>
#include <vector>

class Future;
using Yield = cede::Yield<Future*>;
using Coroutine = cede::Generator<Future*, void, int>;
using Callback = std::function<void()>;

class EventLoop {
public:
    void call_soon(Callback callback) { queue_.push_back(std::move(callback)); }
    void run() {
        while (!queue_.empty()) {
            const Callback callback = std::move(queue_.front());
            queue_.pop_front();
            callback();
        }
    }

private:
    std::deque<Callback> queue_;
};

// The status of something that is still to come.
class Future {
public:
    bool done() const { return done_; }
    void add_done_callback(Callback callback) { callbacks_.push_back(std::move(callback)); }
    void mark_done(int result) {
        done_ = true;
        result_ = result;
        for (const Callback& callback : callbacks_) callback();
    }
    // Future.__await__
    int await(Yield& yield) {
        if (!done()) yield(this);
        if (!done()) throw std::runtime_error("await wasn't used with future");
        return result_;
    }

private:
    bool done_ = false;
    int result_ = 0;
    std::vector<Callback> callbacks_;
};

// A coroutine tied to an event loop.
class Task : public Future {
public:
    Task(const char* name, Coroutine coro, EventLoop& loop) : name_(name), coro_(std::move(coro)), loop_(loop) {
        loop_.call_soon([this] { step(); });
    }

private:
    void step() {
        try {
            Future* const awaited = coro_.next();
            std::cout << name_ << " waits\n";
            awaited->add_done_callback([this] { loop_.call_soon([this] { step(); }); });
        } catch (const cede::StopIteration<int>& stop) {
            std::cout << name_ << " is done: " << stop.value << "\n";
            mark_done(stop.value);
        }
    }

    const char* name_;
    Coroutine coro_;
    EventLoop& loop_;
};

int main() {
    EventLoop loop;
    Future answer_of_the_database;
    Task get_user("get_user", [&](Yield& yield) { return answer_of_the_database.await(yield); }, loop);
    Task greet("greet", [&](Yield& yield) { return get_user.await(yield) + 1; }, loop);

    loop.run();
    std::cout << "nothing is left to run, and nobody is done: " << get_user.done() << greet.done() << "\n";
    answer_of_the_database.mark_done(41);
    loop.run();
}
