// 001, "Analyzing an example programs control flow": program.py, and the text's listing of where control is.
//
// Coroutine, Future and event loop are cede's; Task is written by hand, for its step() and __await__ are what the listing
// is about. Where the text has "await percolates the yield" through program.main there is no line here: a fiber switches
// from the await straight to main_task.step, however many functions are in between.
#include <cede/cede.hpp>

#include <iostream>
#include <string>
#include <utility>

void control_in(int depth, const std::string& where) { std::cout << std::string(4 * depth, ' ') << where << "\n"; }

class EventLoop : public cede::SelectorEventLoop {
public:
    void run_once() override {
        control_in(1, "event-loop");
        cede::SelectorEventLoop::run_once();
    }
};

class Task {
public:
    Task(std::string name, cede::Coroutine<int> coro, cede::EventLoop& loop)
        : name_(std::move(name)), coro_(std::move(coro)), result_(loop) {
        loop.call_soon([this] { step(); });
    }
    const cede::Future<int>& result() const { return result_; }

    // Future.__await__: what `await(task)` calls.
    int cede_await() {
        control_in(4, name_ + ".__await__");
        if (!result_.done()) {
            await(result_);
            control_in(4, name_ + ".__await__");
        }
        return result_.result();
    }

private:
    void step() {
        control_in(2, name_ + ".step");
        try {
            const cede::AnyFuture yielded = coro_.send();
            yielded.add_done_callback([this] { step(); });
        } catch (const cede::StopIteration<int>& stop) {
            result_.set_result(stop.value);
        }
        control_in(2, name_ + ".step");
    }

    std::string name_;
    cede::Coroutine<int> coro_;
    cede::Future<int> result_;
};

cede::Coroutine<int> triple(int value) {
    return [value] {
        control_in(3, "program.triple");
        return value * 3;
    };
}

cede::Coroutine<int> main_coroutine() {
    return [] {
        control_in(3, "program.main");
        Task triple_task("triple_task", triple(5), cede::get_running_loop());
        const int tripled = cede::await(triple_task);
        control_in(3, "program.main");
        return tripled + 2;
    };
}

int main() {
    control_in(0, "program");
    EventLoop loop;
    Task main_task("main_task", main_coroutine(), loop);
    main_task.result().add_done_callback([&loop] { loop.stop(); });  // the text's loop goes on aimlessly
    loop.run_forever();
    std::cout << "main returned " << main_task.result().result() << "\n";
}
