// A writer against a transport that writes down what it is asked.
#include "cede/stream/streams.hpp"

#include <list>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "stream/fixtures.hpp"

namespace cede {
namespace tests {

BOOST_AUTO_TEST_SUITE(stream_writer)

BOOST_AUTO_TEST_CASE(what_is_written_goes_to_the_transport) {
    run([] {
        const MockConnection connection;
        const StreamWriter& writer = connection.writer;
        writer.write("one ");
        writer.write(std::string("two "));
        writer.writelines({"three ", "four "});
        writer.writelines(std::vector<std::string>{"five ", "six "});
        writer.writelines(std::vector<absl::string_view>{"seven"});
        BOOST_TEST(connection.transport->written == "one two three four five six seven");
        BOOST_TEST(writer.can_write_eof());
        writer.write_eof();
        BOOST_TEST(connection.transport->calls == "writelines writelines writelines write_eof");
        BOOST_TEST((writer.transport() == connection.transport));
        BOOST_TEST(!writer.get_extra_info("anything").has_value());
        writer.close();
    });
}

BOOST_AUTO_TEST_CASE(an_empty_handle_says_so) {
    const StreamWriter none;
    BOOST_TEST(!none);
    BOOST_TEST(error_of([&] { none.write("x"); }) == "this StreamWriter is empty: it refers to no connection");
    BOOST_CHECK_THROW(static_cast<void>(none.drain()), RuntimeError);
    BOOST_CHECK_THROW(none.close(), RuntimeError);
}

BOOST_AUTO_TEST_CASE(a_writer_needs_a_transport_and_its_flow_control) {
    run([] {
        EventLoop& loop = get_running_loop();
        BOOST_CHECK_THROW(StreamWriter(nullptr, std::make_shared<FlowControl>(loop), nullptr, loop), std::invalid_argument);
        BOOST_CHECK_THROW(StreamWriter(std::make_shared<MockTransport>(), nullptr, nullptr, loop), std::invalid_argument);
    });
}

BOOST_AUTO_TEST_CASE(STREAM_023_drain_after_close_throws_connection_reset) {
    run([] {
        const MockConnection connection;
        connection.writer.close();
        connection.writer.write("dropped");
        const auto is_reset = [](const std::system_error& error) { return error.code() == std::errc::connection_reset; };
        BOOST_CHECK_EXCEPTION(await(connection.writer.drain()), std::system_error, is_reset);
    });
}

BOOST_AUTO_TEST_CASE(STREAM_024_close_makes_is_closing_true_and_wait_closed_returns) {
    run([] {
        const MockConnection connection;
        connection.reader.feed_data("unread");
        BOOST_TEST(!connection.writer.is_closing());
        connection.writer.close();
        connection.writer.close();
        BOOST_TEST(connection.writer.is_closing());
        await(connection.writer.wait_closed());
        BOOST_TEST(connection.transport->calls == "close");
    });
}

BOOST_AUTO_TEST_CASE(STREAM_025_closing_feeds_the_end_to_the_reader) {
    run([] {
        const MockConnection connection;
        const Task<std::string> read = create_task(connection.reader.read());
        settle();
        connection.writer.close();
        await(connection.writer.wait_closed());
        BOOST_TEST(connection.reader.at_eof());
        BOOST_TEST(await(read) == "");
        BOOST_TEST(await(connection.reader.read()) == "");
    });
}

BOOST_AUTO_TEST_CASE(drain_throws_the_error_that_the_reader_got) {
    run([] {
        const MockConnection connection;
        connection.reader.set_exception(std::out_of_range("broken"));
        BOOST_CHECK_THROW(await(connection.writer.drain()), std::out_of_range);
        connection.writer.close();
    });
}

BOOST_AUTO_TEST_CASE(drain_of_a_closing_connection_cedes_so_that_its_end_is_noticed) {
    run([] {
        const MockConnection connection;
        connection.transport->lose_on_close = false;
        connection.writer.close();
        bool other_ran = false;
        create_task([&] { other_ran = true; });
        await(connection.writer.drain());
        BOOST_TEST(other_ran);
    });
}

BOOST_AUTO_TEST_CASE(a_coroutine_keeps_the_connection) {
    run([] {
        const CapturedWarnings warnings;
        absl::optional<MockConnection> connection;
        connection.emplace();
        connection->protocol->pause_writing();
        Task<void> drain = create_task(connection->writer.drain());
        Task<void> closed = create_task(connection->writer.wait_closed());
        settle();
        const auto protocol = connection->protocol;
        const auto transport = connection->transport;
        connection.reset();
        BOOST_TEST(!transport->closing);
        protocol->resume_writing();
        await(drain);
        transport->closing = true;
        transport->lose(nullptr);
        await(closed);
        drain = closed = Task<void>();
        BOOST_TEST(warnings.count() == 0u);
    });
}

// As std::views::transform does, from C++20 on: each string is made when it is asked for, and gone right after.
struct MadeOneByOne {
    struct iterator {
        int i;
        std::string operator*() const { return std::string(40, static_cast<char>('a' + i)); }
        iterator& operator++() {
            ++i;
            return *this;
        }
        bool operator!=(const iterator& other) const { return i != other.i; }
    };
    iterator begin() const { return {0}; }
    iterator end() const { return {3}; }
};

BOOST_AUTO_TEST_CASE(lines_may_be_made_one_by_one) {
    run([] {
        const Server server = await(start_server(
            [](const StreamReader&, const StreamWriter& writer) {
                writer.writelines(MadeOneByOne());
                writer.close();
            },
            "127.0.0.1", 0));
        const auto streams = await(open_connection("127.0.0.1", server.sockets().front().local_address().port()));
        BOOST_TEST(await(streams.first.read()) == std::string(40, 'a') + std::string(40, 'b') + std::string(40, 'c'));
        streams.second.close();
    });
}

BOOST_AUTO_TEST_CASE(lines_come_from_any_container) {
    run([] {
        const Server server = await(start_server(
            [](const StreamReader&, const StreamWriter& writer) {
                writer.writelines(std::list<std::string>{"a", "b"});
                writer.writelines(std::vector<const char*>{"c"});
                const std::string array[] = {"d", "e"};
                writer.writelines(array);
                writer.writelines(std::vector<std::string>{"f"});
                writer.writelines({"g"});
                writer.transport()->writelines(std::vector<std::string>{"h"});
                writer.transport()->writelines({"i", "j"});
                writer.close();
            },
            "127.0.0.1", 0));
        const auto streams = await(open_connection("127.0.0.1", server.sockets().front().local_address().port()));
        BOOST_TEST(await(streams.first.read()) == "abcdefghij");
        streams.second.close();
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
