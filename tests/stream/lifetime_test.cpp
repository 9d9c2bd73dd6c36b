// Streams whose handles die early, late, unclosed, or elsewhere.
#include <memory>
#include <string>
#include <thread>

#include <boost/test/unit_test.hpp>

#include "cede/stream/stream_writer.hpp"
#include "stream/fixtures.hpp"

namespace cede {
namespace tests {

BOOST_AUTO_TEST_SUITE(lifetime)

BOOST_AUTO_TEST_CASE(STREAM_026_a_writer_dropped_unclosed_warns_and_closes) {
    run([] {
        const CapturedWarnings warnings;
        MockConnection connection;
        StreamWriter copy = connection.writer;
        connection.writer = StreamWriter();
        BOOST_TEST(warnings.count() == 0u);
        BOOST_TEST(!connection.transport->closing);
        copy = StreamWriter();
        BOOST_TEST(warnings.count() == 1u);
        BOOST_TEST(warnings.contains("unclosed <StreamWriter"));
        BOOST_TEST(connection.transport->calls == "close");
        // The reader lives on, and reads the end.
        BOOST_TEST(await(connection.reader.read()) == "");
    });
}

BOOST_AUTO_TEST_CASE(STREAM_026_with_a_closed_loop_the_warning_says_so) {
    const CapturedWarnings warnings;
    auto loop = new_event_loop();
    StreamWriter writer;
    std::shared_ptr<MockTransport> transport;
    loop->run_until_complete([&] {
        const MockConnection connection;
        writer = connection.writer;
        transport = connection.transport;
    });
    StreamWriter second = StreamWriter(transport, std::make_shared<FlowControl>(*loop), nullptr, *loop);
    loop->close();
    writer = StreamWriter();
    BOOST_TEST(warnings.contains("loop is closed: unclosed <StreamWriter"));
    BOOST_TEST(!transport->closing);
    loop.reset();
    second = StreamWriter();
    BOOST_TEST(warnings.count() == 2u);
    BOOST_TEST(warnings.contains("loop is closed: unclosed <StreamWriter"));
}

BOOST_AUTO_TEST_CASE(a_closed_writer_is_dropped_without_a_word) {
    run([] {
        const CapturedWarnings warnings;
        {
            const MockConnection connection;
            connection.writer.close();
        }
        {
            const MockConnection connection;
            connection.transport->closing = true;
            connection.transport->lose(nullptr);
        }
        settle();
        BOOST_TEST(warnings.count() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(an_exception_that_unwinds_past_a_writer_closes_it_without_a_word) {
    run([] {
        const CapturedWarnings warnings;
        std::shared_ptr<MockTransport> transport;
        const std::string error = error_of([&] {
            const MockConnection connection;
            transport = connection.transport;
            throw std::runtime_error("oops");
        });
        BOOST_TEST(error == "oops");
        BOOST_TEST(transport->closing);
        BOOST_TEST(warnings.count() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(a_stopped_loop_can_still_be_used_on_its_thread) {
    const CapturedWarnings warnings;
    const auto loop = new_event_loop();
    absl::optional<MockConnection> connection;
    loop->run_until_complete([&] {
        connection.emplace();
        connection->transport->lose_on_close = false;
    });
    const auto transport = connection->transport;
    connection.reset();
    BOOST_TEST(transport->closing);
    BOOST_TEST(warnings.contains("unclosed <StreamWriter"));
}

BOOST_AUTO_TEST_CASE(the_last_handle_may_die_on_another_thread) {
    run([] {
        const CapturedWarnings warnings;
        auto connection = std::make_shared<MockConnection>();
        const auto transport = connection->transport;
        const std::weak_ptr<StreamReaderProtocol> protocol = connection->protocol;
        std::thread([connection = std::move(connection)] {}).join();
        // It travels to the loop, whose thread alone may close the transport.
        BOOST_TEST(!transport->closing);
        settle();
        BOOST_TEST(transport->closing);
        BOOST_TEST(warnings.contains("unclosed <StreamWriter"));
        BOOST_TEST(!protocol.lock());
    });
}

BOOST_AUTO_TEST_CASE(handles_that_travel_when_the_loop_ends_are_not_lost) {
    const CapturedWarnings warnings;
    std::weak_ptr<MockTransport> alive;
    {
        const auto loop = new_event_loop();
        absl::optional<MockConnection> connection;
        loop->run_until_complete([&] { connection.emplace(); });
        alive = connection->transport;
        std::thread([&] { connection.reset(); }).join();
        // Nothing runs the loop any more.
        BOOST_TEST(!alive.lock()->closing);
    }
    BOOST_TEST(!alive.lock());
    BOOST_TEST(warnings.contains("loop is closed: unclosed <StreamWriter"));
}

BOOST_AUTO_TEST_CASE(handles_may_die_after_the_loop_on_any_thread) {
    const CapturedWarnings warnings;
    std::weak_ptr<MockTransport> alive;
    absl::optional<MockConnection> connection;
    {
        const auto loop = new_event_loop();
        loop->run_until_complete([&] { connection.emplace(); });
        alive = connection->transport;
    }
    // Without a loop there is still what was read; only waiting is an error.
    connection->reader.feed_data("left over");
    BOOST_TEST(await(connection->reader.read(4)) == "left");
    BOOST_CHECK_THROW(await(connection->reader.readexactly(100)), RuntimeError);
    BOOST_CHECK_NO_THROW(await(connection->writer.drain()));
    BOOST_CHECK_THROW(await(connection->writer.wait_closed()), RuntimeError);
    std::thread([&] { connection.reset(); }).join();
    BOOST_TEST(!alive.lock());
    BOOST_TEST(warnings.contains("loop is closed: unclosed <StreamWriter"));
}

BOOST_AUTO_TEST_CASE(what_arrives_for_a_dropped_reader_is_dropped) {
    run([] {
        StreamReader reader;
        const auto protocol = std::make_shared<StreamReaderProtocol>(reader);
        const auto transport = std::make_shared<MockTransport>(protocol);
        protocol->connection_made(transport);
        protocol->data_received("kept");
        BOOST_TEST(await(reader.read(10)) == "kept");
        reader = nullptr;
        BOOST_TEST(!protocol->reader());
        protocol->data_received("dropped");
        BOOST_TEST(protocol->eof_received());
        protocol->connection_lost(nullptr);
        protocol->data_received("dropped");
    });
}

BOOST_AUTO_TEST_CASE(the_writer_keeps_the_reader) {
    run([] {
        MockConnection connection;
        connection.reader = nullptr;
        BOOST_TEST(!!connection.protocol->reader());
        connection.protocol->data_received("data");
        connection.protocol->connection_lost(std::make_exception_ptr(std::out_of_range("broken")));
        BOOST_CHECK_THROW(await(connection.writer.drain()), std::out_of_range);
        connection.writer.close();
    });
}

BOOST_AUTO_TEST_CASE(streams_in_a_ring_of_tasks_are_unwound_with_their_loop) {
    const CapturedWarnings warnings;
    std::weak_ptr<MockTransport> alive;
    {
        const auto loop = new_event_loop();
        loop->set_exception_handler([](EventLoop&, const ExceptionContext&) {});  // of the pending tasks
        loop->run_until_complete([&] {
            const auto connection = std::make_shared<MockConnection>();
            alive = connection->transport;
            connection->protocol->pause_writing();
            create_task([connection] { await(connection->reader.read()); });
            create_task([connection] { await(connection->writer.drain()); });
            create_task([connection] { await(connection->writer.wait_closed()); });
            settle();
        });
        BOOST_TEST(!!alive.lock());
    }
    BOOST_TEST(!alive.lock());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
