// drain() and wait_closed() against a transport that pauses and goes.
#include "cede/stream/flow_control.hpp"

#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "stream/fixtures.hpp"

namespace cede {
namespace tests {

namespace {

std::vector<Task<void>> ten_drains(const StreamWriter& writer) {
    std::vector<Task<void>> tasks;
    for (int i = 0; i < 10; ++i) tasks.push_back(create_task(writer.drain()));
    settle();
    return tasks;
}

bool is_reset(const std::system_error& error) { return error.code() == std::errc::connection_reset; }

}  // namespace

BOOST_AUTO_TEST_SUITE(flow_control)

BOOST_AUTO_TEST_CASE(drain_does_not_cede_while_writing_is_not_paused) {
    run([] {
        const MockConnection connection;
        bool other_ran = false;
        create_task([&] { other_ran = true; });
        await(connection.writer.drain());
        BOOST_TEST(!other_ran);
        connection.writer.close();
    });
}

BOOST_AUTO_TEST_CASE(STREAM_022_all_tasks_that_drain_are_released_in_order) {
    run([] {
        const MockConnection connection;
        connection.protocol->pause_writing();
        std::string order;
        for (char name = '0'; name <= '9'; ++name) {
            create_task([&, name] {
                await(connection.writer.drain());
                order += name;
            });
        }
        settle();
        BOOST_TEST(order == "");
        connection.protocol->resume_writing();
        settle();
        BOOST_TEST(order == "0123456789");
        connection.writer.close();
    });
}

BOOST_AUTO_TEST_CASE(one_cancelled_drain_leaves_the_others_waiting) {
    run([] {
        const MockConnection connection;
        connection.protocol->pause_writing();
        const std::vector<Task<void>> tasks = ten_drains(connection.writer);
        tasks[0].cancel();
        tasks[5].cancel();
        settle();
        for (std::size_t i = 0; i < tasks.size(); ++i) BOOST_TEST(tasks[i].done() == (i == 0 || i == 5));
        connection.protocol->resume_writing();
        tasks[6].cancel();  // released, and cancelled before it runs
        settle();
        for (std::size_t i = 0; i < tasks.size(); ++i) BOOST_TEST(tasks[i].cancelled() == (i == 0 || i == 5 || i == 6));
        connection.writer.close();
    });
}

BOOST_AUTO_TEST_CASE(a_lost_connection_releases_those_who_drain) {
    run([] {
        const MockConnection connection;
        connection.protocol->pause_writing();
        const std::vector<Task<void>> tasks = ten_drains(connection.writer);
        connection.transport->closing = true;
        connection.transport->lose(nullptr);
        for (const Task<void>& task : tasks) BOOST_CHECK_NO_THROW(await(task));
        BOOST_CHECK_EXCEPTION(await(connection.writer.drain()), std::system_error, is_reset);
    });
}

BOOST_AUTO_TEST_CASE(a_connection_lost_by_an_error_gives_it_to_all) {
    run([] {
        const CapturedReports reports(get_running_loop());
        {
            const MockConnection connection;
            connection.protocol->pause_writing();
            const std::vector<Task<void>> tasks = ten_drains(connection.writer);
            connection.transport->closing = true;
            connection.transport->lose(std::make_exception_ptr(std::out_of_range("broken")));
            tasks[3].cancel();
            for (std::size_t i = 0; i < tasks.size(); ++i) {
                if (i == 3) {
                    BOOST_CHECK_THROW(await(tasks[i]), CancelledError);
                } else {
                    BOOST_CHECK_THROW(await(tasks[i]), std::out_of_range);
                }
            }
            // Afterwards too: the reader has it.
            BOOST_CHECK_THROW(await(connection.writer.drain()), std::out_of_range);
            BOOST_CHECK_THROW(await(connection.reader.read()), std::out_of_range);
            BOOST_CHECK_THROW(await(connection.writer.wait_closed()), std::out_of_range);
        }
        settle();
        BOOST_TEST(reports.all.empty());
    });
}

BOOST_AUTO_TEST_CASE(wait_closed_waits_until_the_connection_is_gone) {
    run([] {
        const MockConnection connection;
        connection.transport->lose_on_close = false;
        const Task<void> first = create_task(connection.writer.wait_closed());
        const Task<void> second = create_task(connection.writer.wait_closed());
        const Task<void> third = create_task(connection.writer.wait_closed());
        connection.writer.close();
        settle();
        BOOST_TEST(!first.done());
        // In asyncio they share a future, and this would cancel all three.
        second.cancel();
        settle();
        BOOST_TEST(!first.done());
        connection.transport->lose(nullptr);
        BOOST_CHECK_NO_THROW(await(first));
        BOOST_CHECK_THROW(await(second), CancelledError);
        BOOST_CHECK_NO_THROW(await(third));
        BOOST_CHECK_NO_THROW(await(connection.writer.wait_closed()));
    });
}

BOOST_AUTO_TEST_CASE(an_error_that_nobody_waits_for_is_not_reported) {
    run([] {
        const CapturedReports reports(get_running_loop());
        {
            const MockConnection connection;
            connection.transport->closing = true;
            connection.transport->lose(std::make_exception_ptr(std::out_of_range("broken")));
        }
        settle();
        BOOST_TEST(reports.all.empty());
    });
}

BOOST_AUTO_TEST_CASE(a_protocol_of_ones_own_can_carry_a_writer) {
    run([] {
        const auto protocol = std::make_shared<FlowControlMixin>();
        const auto transport = std::make_shared<MockTransport>(protocol);
        const StreamWriter writer(transport, protocol->flow_control(), nullptr, get_running_loop());
        writer.write("only out");
        await(writer.drain());
        BOOST_TEST(transport->written == "only out");
        writer.close();
        await(writer.wait_closed());
        BOOST_CHECK_EXCEPTION(await(writer.drain()), std::system_error, is_reset);
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
