// What has to hold inside any host. Real time passes here, since the host's clock is the real one, but nothing depends on how
// much: what is counted is how often the host woke, and a bound on that is ten times what is needed.
#include <boost/test/unit_test.hpp>

#include <string>
#include <thread>

#include "cede/cede.hpp"
#include "loop/hosts/host.hpp"
#include "support/awaiting.hpp"

using namespace cede;
using namespace std::chrono_literals;
using cede::tests::error_of;

namespace {

struct Hosted {
    std::unique_ptr<EventLoop> owned = new_event_loop();
    EventLoop& loop = *owned;
    std::unique_ptr<hosts::Host> host = hosts::make_host(loop);
    ~Hosted() { host->detach(); }

    template <class T>
    T result_of(const Task<T>& task) {
        host->run_until([&] { return task.done(); });
        return task.result();
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(hosted, Hosted)

BOOST_AUTO_TEST_CASE(tasks_and_callbacks_of_the_host_take_turns) {
    std::string order;
    Future<void> from_host = loop.create_future<void>();
    const Task<int> task = loop.create_task([&] {
        order += "t";
        await(sleep(2ms));
        order += "s";
        host->after(1ms, [&] {
            order += "h";
            from_host.set_result();
        });
        await(from_host);
        order += "f";
        return 7;
    });
    BOOST_TEST(result_of(task) == 7);
    BOOST_TEST(order == "tshf");
}

BOOST_AUTO_TEST_CASE(what_a_callback_of_the_host_schedules_wakes_it) {
    bool ran = false;
    loop.call_later(std::chrono::hours(1), [] {});
    for (int round = 0; round < 3; ++round) {
        ran = false;
        host->after(1ms, [&] { loop.call_soon([&] { ran = true; }); });
        host->run_until([&] { return ran; });
    }
}

BOOST_AUTO_TEST_CASE(a_timer_set_by_a_callback_of_the_host_makes_it_wake_earlier) {
    bool ran = false;
    loop.call_later(std::chrono::hours(1), [] {});
    for (int round = 0; round < 3; ++round) {
        ran = false;
        host->after(1ms, [&] { loop.call_later(3ms, [&] { ran = true; }); });
        host->run_until([&] { return ran; });
    }
}

BOOST_AUTO_TEST_CASE(a_future_done_by_a_callback_of_the_host_wakes_its_task) {
    for (int round = 0; round < 3; ++round) {
        const Future<std::string> answer = loop.create_future<std::string>();
        const Task<std::string> task = loop.create_task([&] { return await(answer); });
        host->after(1ms, [&] { answer.set_result("from outside"); });
        BOOST_TEST(result_of(task) == "from outside");
    }
}

BOOST_AUTO_TEST_CASE(another_thread_wakes_the_host) {
    for (int round = 0; round < 200; ++round) {
        bool ran = false;
        std::thread other([&] { loop.call_soon_threadsafe([&] { ran = true; }); });
        host->run_until([&] { return ran; });
        other.join();
    }
}

BOOST_AUTO_TEST_CASE(threads_children_and_sockets_work_as_in_a_loop_of_its_own) {
    const Task<std::string> task = loop.create_task([] {
        const int six = await(to_thread([] { return 6; }));
        const Process child = await(create_subprocess_exec("sh", "-c", "exit 3"));
        const int three = await(child.wait());
        const Server server = await(start_server([](StreamReader reader, StreamWriter writer) {
            for (std::string line = await(reader.readline()); !line.empty(); line = await(reader.readline())) writer.write(line);
            writer.close();
        }, "127.0.0.1", 0));
        const auto streams = await(open_connection("127.0.0.1", server.sockets().front().local_address().port()));
        int echoed = 0;
        for (; echoed < 300; ++echoed) {
            const std::string line = std::string(static_cast<std::size_t>(echoed * 100), 'x') + "\n";
            streams.second.write(line);
            if (await(streams.first.readline()) != line) break;
        }
        streams.second.close();
        server.close();
        await(server.wait_closed());
        return std::to_string(six) + " " + std::to_string(three) + " " + std::to_string(echoed);
    });
    BOOST_TEST(result_of(task) == "6 3 300");
}

BOOST_AUTO_TEST_CASE(poll_once_inside_a_callback_of_the_loop_is_an_error_that_says_what_to_do) {
    std::string in_callback;
    loop.call_soon([&] { in_callback = error_of([&] { loop.poll_once(); }); });
    const Task<std::string> task = loop.create_task([&] { return error_of([&] { loop.poll_once(); }); });
    const std::string in_task = result_of(task);
    for (const std::string& error : {in_callback, in_task}) {
        BOOST_TEST(error.find("already running: await there, or return to the host") != std::string::npos, error);
    }
}

BOOST_AUTO_TEST_CASE(a_task_that_runs_the_host_finds_it_working_and_leaves_it_so) {
    if (!host->nests()) return;
    bool called = false, scheduled = false, later = false;
    const Task<bool> task = loop.create_task([&] {
        loop.call_later(1ms, [&] { later = true; });
        host->after(3ms, [&] {
            called = true;
            loop.call_soon([&] { scheduled = true; });
        });
        while (!called) host->turn();
        return scheduled || later;  // neither: the loop does not go on inside its own task
    });
    BOOST_TEST(!result_of(task));
    host->run_until([&] { return scheduled && later; });
}

BOOST_AUTO_TEST_CASE(tasks_are_cancelled_by_callbacks_of_the_host) {
    std::string order;
    std::vector<Task<void>> tasks;
    for (int i = 0; i < 10; ++i) {
        tasks.push_back(loop.create_task([&] {
            try {
                await(sleep(std::chrono::hours(1)));
            } catch (const CancelledError&) {
                await(sleep(1ms));  // clean-up that takes its time
                order += "c";
                throw;
            }
        }));
    }
    host->after(2ms, [&] {
        for (const auto& task : tasks) task.cancel();
    });
    for (const auto& task : tasks) {
        host->run_until([&] { return task.done(); });
        BOOST_TEST(task.cancelled());
    }
    BOOST_TEST(order == std::string(10, 'c'));
}

BOOST_AUTO_TEST_CASE(the_loop_is_closed_inside_the_host_which_goes_on) {
    bool unwound = false, refused = false, went_on = false;
    const Task<void> task = loop.create_task([&] {
        struct Notes {
            bool& flag;
            ~Notes() { flag = true; }
        } notes{unwound};
        refused = error_of([&] { loop.close(); }).find("close it when poll_once() has returned") != std::string::npos;
        await(sleep(std::chrono::hours(1)));
    });
    int reports = 0;
    loop.set_exception_handler([&](EventLoop&, const ExceptionContext&) { ++reports; });
    host->after(2ms, [&] {
        host->detach();
        loop.close();
        host->after(1ms, [&] { went_on = true; });
    });
    host->run_until([&] { return went_on; });
    BOOST_TEST(refused);
    BOOST_TEST(unwound);
    BOOST_TEST(reports == 1);  // of the task that was still pending
    BOOST_TEST(task.cancelled());
    BOOST_TEST(loop.backend_fd() == -1);
    BOOST_TEST(!loop.next_timeout().has_value());
    BOOST_CHECK_THROW(loop.poll_once(), RuntimeError);
}

BOOST_AUTO_TEST_CASE(a_host_neither_comes_early_again_and_again_nor_asks_in_vain) {
    bool ran = false;
    loop.poll_once();
    const int before = host->wakeups();
    loop.call_later(std::chrono::microseconds(20300), [&] { ran = true; });
    const TimePoint due = loop.time() + std::chrono::microseconds(20300);
    host->run_until([&] { return ran; });
    BOOST_TEST((loop.time() >= due - std::chrono::microseconds(300)));
    BOOST_TEST(host->wakeups() - before <= 10);
}

BOOST_AUTO_TEST_CASE(an_idle_host_sleeps) {
    bool over = false;
    int fds[2];
    BOOST_REQUIRE(pipe(fds) == 0);
    loop.add_reader(fds[0], [] {});
    loop.call_later(std::chrono::hours(1), [] {});
    const Future<void> never = loop.create_future<void>();
    const Task<void> task = loop.create_task([&] { await(never); });
    bool begun = false;
    host->after(10ms, [&] { begun = true; });
    host->run_until([&] { return begun; });
    const int before = host->wakeups();
    host->after(40ms, [&] { over = true; });
    host->run_until([&] { return over; });
    BOOST_TEST(host->wakeups() - before <= 3);
    loop.remove_reader(fds[0]);
    for (const int fd : fds) ::close(fd);
    task.cancel();
    host->run_until([&] { return task.done(); });
}

BOOST_AUTO_TEST_CASE(neither_side_starves) {
    int ours = 0, its = 0;
    const Task<void> busy = loop.create_task([&] { for (;; ++ours) await(sleep(0s)); });
    std::function<void()> again = [&] {
        ++its;
        host->after(1ms, again);  // not 0: libuv 1.44 would call such a chain for ever, before anything else
    };
    host->after(1ms, again);
    host->run_until([&] { return ours >= 20 && its >= 20; });
    busy.cancel();
    host->run_until([&] { return busy.done(); });
    const int before = its;
    const Task<int> timed = loop.create_task([&] {
        for (int i = 0; i < 5; ++i) await(sleep(1ms));
        return 5;
    });
    BOOST_TEST(result_of(timed) == 5);
    BOOST_TEST(its > before);
    again = [] {};
}

BOOST_AUTO_TEST_CASE(what_ends_a_run_comes_out_to_the_host_and_the_loop_can_go_on) {
    bool after = false;
    loop.call_soon([] { throw KeyboardInterrupt(); });
    loop.call_soon([&] { after = true; });
    BOOST_CHECK_THROW(host->run_until([] { return false; }), KeyboardInterrupt);
    host->run_until([&] { return after; });
    BOOST_TEST(!loop.is_running());
}

BOOST_AUTO_TEST_CASE(between_two_turns_the_loop_may_run_by_itself) {
    BOOST_TEST(loop.run_until_complete([] { return 3; }) == 3);
    const Task<int> task = loop.create_task([&] {
        await(sleep(1ms));
        return 4;
    });
    BOOST_TEST(result_of(task) == 4);
    BOOST_TEST(loop.run_until_complete([] { return 5; }) == 5);
}

BOOST_AUTO_TEST_SUITE_END()
