// 004, "A Walk-Through: How Two Async Tasks Run": the text's timeline of task A and task B, told by the loop itself.
//
// A subclass of the loop prints both queues before each iteration. Its clock is virtual: where the loop would wait for the
// next timer, the clock jumps there, so that the times are the text's to the digit and the program takes none.
#include <cede/cede.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using cede::await;

class TimelineLoop : public cede::SelectorEventLoop {
public:
    cede::TimePoint time() const override { return now_; }

    void run_once() override {
        const std::vector<std::string> ready = describe_ready();
        std::vector<std::string> waiting;
        for (const cede::AnyTask& task : cede::all_tasks(*this)) waiting.push_back("task '" + task.get_name() + "'");
        const auto is_ready = [&](const std::string& task) { return std::count(ready.begin(), ready.end(), task) > 0; };
        waiting.erase(std::remove_if(waiting.begin(), waiting.end(), is_ready), waiting.end());

        char text[200];
        std::snprintf(text, sizeof text, "Time: %.2fs\n  - Ready queue: %s\n  - Waiting queue: %s\n", seconds(),
                      list(ready).c_str(), list(waiting).c_str());
        if (said_ != text) std::fputs(text, stdout);
        said_ = text;
        cede::SelectorEventLoop::run_once();
    }
    double seconds() const { return cede::Duration(now_ - cede::TimePoint()).seconds(); }

protected:
    void select(absl::optional<cede::Duration> timeout) override {
        if (timeout) now_ += std::chrono::nanoseconds(*timeout);
        cede::SelectorEventLoop::select(cede::Duration());
    }

private:
    // The tasks among them; the loop's own callbacks are not the story.
    static std::string list(const std::vector<std::string>& entries) {
        std::string text;
        for (const std::string& entry : entries) {
            if (entry.compare(0, 5, "task ") != 0) continue;
            text += (text.empty() ? "" : ", ") + entry.substr(5);
        }
        return "[" + text + "]";
    }

    cede::TimePoint now_;
    std::string said_;
};

cede::Coroutine<int> wait_for_something(int seconds) { return cede::sleep(std::chrono::seconds(seconds), seconds); }

cede::Coroutine<int> task(std::string name, int seconds) {
    return [=] {
        std::printf("Task %s: Starting\n", name.c_str());
        const int result = await(wait_for_something(seconds));
        std::printf("Task %s: Got result %d\n", name.c_str(), result);
        return result;
    };
}

int main() {
    TimelineLoop loop;
    auto a = loop.create_task(task("A", 2), cede::TaskOptions().name("Task A"));
    auto b = loop.create_task(task("B", 1), cede::TaskOptions().name("Task B"));
    loop.run_until_complete(cede::gather(a, b));
    std::printf("Total time: %.0f seconds (not 3 seconds)\n", loop.seconds());
}
