// A reader while a task waits in it: errors, cancellations, other tasks, and the transport behind it.
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

#include <boost/test/unit_test.hpp>

#include "cede/stream/stream_reader.hpp"
#include "stream/fixtures.hpp"

namespace cede {
namespace tests {

namespace {

// Every kind of read, as something to run in a task: what it gives, in words.
struct Read {
    const char* name;
    std::function<std::string(const StreamReader&)> call;
};

const std::vector<Read>& reads() {
    static const std::vector<Read> all{
        {"read", [](const StreamReader& reader) { return await(reader.read(100)); }},
        {"read", [](const StreamReader& reader) { return await(reader.read()); }},
        {"readline", [](const StreamReader& reader) { return await(reader.readline()); }},
        {"readexactly", [](const StreamReader& reader) { return await(reader.readexactly(10)); }},
        {"readuntil", [](const StreamReader& reader) { return await(reader.readuntil("END")); }},
        {"readuntil", [](const StreamReader& reader) { return await(reader.readuntil({"END", "STOP"})); }},
        {"read_into", [](const StreamReader& reader) {
             char memory[100];
             return std::string(memory, await(reader.read_into(memory)));
         }}};
    return all;
}

Task<std::string> start(const Read& read, const StreamReader& reader) {
    Task<std::string> task = create_task([read, reader] { return read.call(reader); });
    settle();
    BOOST_TEST(!task.done());
    return task;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reader_waiting)

BOOST_AUTO_TEST_CASE(STREAM_016_an_error_wakes_whoever_waits) {
    run([] {
        for (const Read& read : reads()) {
            const StreamReader reader;
            const Task<std::string> task = start(read, reader);
            reader.set_exception(std::out_of_range("broken"));
            BOOST_CHECK_THROW(await(task), std::out_of_range);
        }
    });
}

BOOST_AUTO_TEST_CASE(the_end_wakes_whoever_waits) {
    run([] {
        for (const Read& read : reads()) {
            const StreamReader reader;
            const Task<std::string> task = start(read, reader);
            reader.feed_eof();
            const std::string error = error_of([&] { BOOST_TEST(await(task) == ""); });
            BOOST_TEST(error.empty() == (std::string(read.name) != "readexactly" && std::string(read.name) != "readuntil"));
        }
    });
}

BOOST_AUTO_TEST_CASE(a_cancelled_read_takes_nothing) {
    run([] {
        for (const Read& read : reads()) {
            const StreamReader reader;
            Task<std::string> task = start(read, reader);
            task.cancel();
            BOOST_CHECK_THROW(await(task), CancelledError);
            BOOST_TEST(error_of([&] { BOOST_TEST(await(create_task([=] {
                reader.feed_data("0123456789END\n");
                return await(reader.read(100));
            })) == "0123456789END\n"); }) == "");
        }
    });
}

BOOST_AUTO_TEST_CASE(a_read_cancelled_when_its_data_has_come_takes_nothing) {
    run([] {
        for (const Read& read : reads()) {
            const StreamReader reader;
            Task<std::string> task = start(read, reader);
            reader.feed_data("012");  // wakes the task, which has not run when it is cancelled
            task.cancel();
            BOOST_CHECK_THROW(await(task), CancelledError);
            BOOST_TEST(await(reader.read(100)) == "012");
        }
    });
}

BOOST_AUTO_TEST_CASE(a_read_cancelled_half_way_keeps_what_had_come) {
    run([] {
        for (const Read& read : {reads()[1], reads()[2], reads()[3], reads()[4], reads()[5]}) {
            const StreamReader reader(4);
            Task<std::string> task = start(read, reader);
            reader.feed_data("01");
            settle();
            reader.feed_data("2E");
            settle();
            BOOST_TEST(!task.done());
            task.cancel();
            BOOST_CHECK_THROW(await(task), CancelledError);
            BOOST_TEST(await(reader.read(100)) == "012E");
        }
    });
}

BOOST_AUTO_TEST_CASE(an_error_for_a_task_that_is_cancelled_meanwhile_is_not_reported) {
    run([] {
        const CapturedReports reports(get_running_loop());
        for (const Read& read : reads()) {
            const StreamReader reader;
            Task<std::string> task = start(read, reader);
            reader.set_exception(std::runtime_error("broken"));
            task.cancel();
            BOOST_CHECK_THROW(await(task), CancelledError);
        }
        settle();
        BOOST_TEST(reports.all.empty());
    });
}

BOOST_AUTO_TEST_CASE(two_tasks_cannot_wait_for_one_stream) {
    run([] {
        for (const Read& read : reads()) {
            const StreamReader reader;
            const Task<std::string> first = start(reads()[0], reader);
            const std::string error = error_of([&] { read.call(reader); });
            const std::string name = read.name == std::string("readline") ? "readuntil" : read.name;
            const std::string expected = name + "() called while another coroutine is already waiting for incoming data";
            BOOST_TEST(error.substr(0, expected.size()) == expected);
            BOOST_TEST(error.find("Queue") != std::string::npos);
            reader.feed_data("abc");  // the first one is unharmed
            BOOST_TEST(await(first) == "abc");
        }
    });
}

BOOST_AUTO_TEST_CASE(a_cancelled_task_that_has_not_run_yet_is_not_in_the_way) {
    run([] {
        const StreamReader reader;
        const Task<std::string> first = start(reads()[0], reader);
        first.cancel();
        const Task<std::string> second = create_task(reader.read(100), TaskOptions().eager(true));
        settle();
        BOOST_TEST(first.cancelled());
        BOOST_TEST(!second.done());
        reader.feed_data("abc");
        BOOST_TEST(await(second) == "abc");
    });
}

BOOST_AUTO_TEST_CASE(a_task_that_wakes_does_not_undo_the_wait_of_the_next) {
    run([] {
        const StreamReader reader;
        const Task<std::string> first = start(reads()[0], reader);
        Task<std::string> second = create_task([reader] {
            reader.feed_data("one");  // wakes the first one, which runs after this
            await(reader.read(100));
            return await(reader.read(100));
        });
        settle();
        // The second took the data, and waits; the first found none, and its wait has failed or succeeded, not the other's.
        reader.feed_data("two");
        BOOST_TEST(await(second) == "two");
        BOOST_CHECK_THROW(await(first), RuntimeError);
    });
}

BOOST_AUTO_TEST_CASE(data_taken_by_another_task_is_not_mistaken_for_the_end) {
    run([] {
        const StreamReader reader;
        const Task<std::string> first = start(reads()[0], reader);
        reader.feed_data("one");
        BOOST_TEST(await(reader.read(100)) == "one");
        settle();
        BOOST_TEST(!first.done());
        reader.feed_data("two");
        BOOST_TEST(await(first) == "two");
    });
}

BOOST_AUTO_TEST_CASE(an_error_between_a_wakeup_and_the_tasks_step_is_not_lost) {
    run([] {
        const StreamReader reader;
        const Task<std::string> task = start(reads()[3], reader);
        reader.feed_data("012");  // too little
        reader.set_exception(std::out_of_range("broken"));
        BOOST_CHECK_THROW(await(task), std::out_of_range);
    });
}

BOOST_AUTO_TEST_CASE(a_search_is_not_misled_by_a_read_in_its_middle) {
    run([] {
        const StreamReader reader;
        const Task<std::string> task = start(reads()[4], reader);
        reader.feed_data("0123456789");
        settle();
        BOOST_TEST(await(reader.read(8)) == "01234567");
        reader.feed_data("END and more");  // shorter by now than what was searched
        BOOST_TEST(await(task) == "89END");
    });
}

BOOST_AUTO_TEST_CASE(STREAM_018_the_transport_is_paused_above_twice_the_limit_and_resumed_at_the_limit) {
    run([] {
        const StreamReader reader(10);
        const auto transport = std::make_shared<MockTransport>();
        reader.set_transport(transport);
        BOOST_CHECK_THROW(reader.set_transport(transport), RuntimeError);
        reader.feed_data(std::string(20, 'x'));
        BOOST_TEST(transport->calls == "");
        reader.feed_data("x");
        BOOST_TEST(transport->calls == "pause");
        reader.feed_data("x");
        BOOST_TEST(transport->calls == "pause");
        await(reader.read(11));
        BOOST_TEST(transport->calls == "pause");
        await(reader.readexactly(1));
        BOOST_TEST(transport->calls == "pause resume");
    });
}

BOOST_AUTO_TEST_CASE(STREAM_018_each_kind_of_read_resumes) {
    run([] {
        for (const Read& read : reads()) {
            const StreamReader reader(10);
            const auto transport = std::make_shared<MockTransport>();
            reader.set_transport(transport);
            reader.feed_data("0123456END01234567890\n");
            BOOST_TEST(transport->calls == "pause");
            reader.feed_eof();
            error_of([&] { read.call(reader); });
            error_of([&] { read.call(reader); });
            BOOST_TEST(transport->calls == "pause resume");
        }
    });
}

// As in asyncio, where test_pause_reading lets read() wait for all that a child process writes.
BOOST_AUTO_TEST_CASE(STREAM_018_a_read_that_waits_for_more_resumes_the_transport_that_its_data_has_paused) {
    run([] {
        for (const std::ptrdiff_t count : {-1, 100}) {
            const StreamReader reader(10);
            const auto transport = std::make_shared<MockTransport>();
            reader.set_transport(transport);
            const Task<std::string> task = create_task(count < 0 ? reader.read() : reader.readexactly(count));
            settle();
            std::string calls;
            for (int i = 0; i < 3; ++i) {
                reader.feed_data(std::string(25, 'x'));
                BOOST_TEST(transport->calls == calls + "pause");
                settle();
                calls += "pause resume ";
                BOOST_TEST(transport->calls + " " == calls);
            }
            reader.feed_data(std::string(25, 'x'));
            reader.feed_eof();
            BOOST_TEST(await(task).size() == 100u);
            BOOST_TEST(transport->calls == calls + "pause resume");
        }
    });
}

BOOST_AUTO_TEST_CASE(in_debug_mode_another_thread_is_refused) {
    run(
        [] {
            const StreamReader reader;
            reader.feed_data("abc");
            std::string fed, read;
            std::thread([&] {
                fed = error_of([&] { reader.feed_data("x"); });
                read = error_of([&] { await(reader.read(2)); });
            }).join();
            BOOST_TEST(fed.find("another thread") != std::string::npos);
            BOOST_TEST(read.find("another thread") != std::string::npos);
            BOOST_TEST(await(reader.read(10)) == "abc");
        },
        RunOptions().debug(true));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
