// Clients and servers over real sockets: what open_connection and start_server promise.
#include <cstdio>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <vector>

#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "cede/net/socket_address.hpp"
#include "cede/stream/streams.hpp"
#include "cede/task/gather.hpp"
#include "stream/fixtures.hpp"
#include "stream/sockets.hpp"

namespace cede {
namespace tests {

namespace {

bool is_reset(const std::system_error& error) { return error.code() == std::errc::connection_reset; }

// Sends a line, and returns what comes back.
Coroutine<std::string> ask(int port, std::string line) {
    return [=] {
        const Streams streams = await(open_connection("127.0.0.1", port));
        streams.second.write(line);
        await(streams.second.drain());
        std::string answer = await(streams.first.readline());
        hang_up(streams);
        return answer;
    };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(connection)

BOOST_AUTO_TEST_CASE(STREAM_019_a_client_and_a_server_talk) {
    run([] {
        const CapturedWarnings warnings;
        const CapturedReports reports(get_running_loop());
        const Server server = await(start_server(echo_lines, "127.0.0.1", 0));
        BOOST_TEST(await(ask(port_of(server), "hello\n")) == "hello\n");
        std::vector<Task<std::string>> clients;
        for (int i = 0; i < 100; ++i) clients.push_back(create_task(ask(port_of(server), std::to_string(i) + "\n")));
        for (int i = 0; i < 100; ++i) BOOST_TEST(await(clients[i]) == std::to_string(i) + "\n");
        end_server(server);
        BOOST_TEST(reports.all.empty());
        BOOST_TEST(warnings.count() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(a_server_may_have_several_hosts) {
    run([] {
        const Server server = await(start_server(echo_lines, {"127.0.0.1", "127.0.0.2"}, 0));
        BOOST_TEST(server.sockets().size() == 2u);
        BOOST_TEST(await(ask(port_of(server), "hello\n")) == "hello\n");
        end_server(server);
        const std::vector<std::string> hosts = {"127.0.0.2"};
        const Server other = await(start_server(echo_lines, hosts, 0, ServerOptions().limit(100)));
        BOOST_TEST(other.sockets().front().local_address().host() == "127.0.0.2");
        end_server(other);
        end_server(await(start_server(echo_lines, {}, 0)));
    });
}

BOOST_AUTO_TEST_CASE(STREAM_019_the_callback_may_return_a_coroutine_or_be_move_only) {
    run([] {
        struct Handler {
            Coroutine<void> operator()(StreamReader reader, StreamWriter writer) const {
                return [=] { echo_lines(reader, writer); };
            }
        };
        const Server first = await(start_server(Handler(), "127.0.0.1", 0));
        BOOST_TEST(await(ask(port_of(first), "coroutine\n")) == "coroutine\n");
        end_server(first);

        const Server second = await(start_server(
            [count = std::make_unique<int>(0)](const StreamReader& reader, StreamWriter writer) mutable {
                writer.write(std::to_string(++*count) + await(reader.readline()));
                writer.close();
            },
            "127.0.0.1", "0"));
        BOOST_TEST(await(ask(port_of(second), " one\n")) == "1 one\n");
        BOOST_TEST(await(ask(port_of(second), " two\n")) == "2 two\n");
        end_server(second);
    });
}

BOOST_AUTO_TEST_CASE(the_clients_task_is_named_after_it) {
    run([] {
        std::string name, peer;
        const Server server = await(start_server(
            [&](StreamReader, StreamWriter writer) {
                name = current_task().get_name();
                peer = absl::any_cast<SocketAddress>(writer.get_extra_info("peername")).str();
                writer.close();
            },
            "127.0.0.1", 0));
        await(ask(port_of(server), "\n"));
        end_server(server);
        BOOST_TEST(name == "client " + peer);
        BOOST_TEST(peer.find("127.0.0.1:") == 0u);
    });
}

BOOST_AUTO_TEST_CASE(no_host_is_every_interface) {
    run([] {
        for (const absl::optional<std::string>& host : {absl::optional<std::string>(), absl::optional<std::string>("")}) {
            const Server server = await(start_server(echo_lines, host, 0));
            BOOST_TEST(await(ask(port_of(server), "hello\n")) == "hello\n");
            end_server(server);
        }
    });
}

BOOST_AUTO_TEST_CASE(the_limit_is_that_of_the_options) {
    run([] {
        std::string refused;
        const auto handler = [&](StreamReader reader, StreamWriter writer) {
            refused = error_of([&] { await(reader.readline()); });
            writer.write("0123456789\n");
            writer.close();
        };
        const Server server = await(start_server(handler, "127.0.0.1", 0, ServerOptions().limit(5)));
        const Streams streams = await(open_connection("127.0.0.1", port_of(server), ConnectOptions().limit(9)));
        streams.second.write("0123456789\n");
        BOOST_CHECK_THROW(await(streams.first.readline()), std::invalid_argument);
        BOOST_TEST(refused == "Separator is found, but chunk is longer than limit");
        hang_up(streams);
        end_server(server);

        BOOST_CHECK_THROW(await(open_connection("127.0.0.1", 1, ConnectOptions().limit(0))), std::invalid_argument);
        BOOST_CHECK_THROW(await(start_server(handler, "127.0.0.1", 0, ServerOptions().limit(0))), std::invalid_argument);
    });
}

BOOST_AUTO_TEST_CASE(a_refused_connection_throws_what_the_system_says) {
    run([] {
        const Server server = await(start_server(echo_lines, "127.0.0.1", 0));
        const int port = port_of(server);
        end_server(server);
        const auto refused = [](const std::system_error& error) { return error.code() == std::errc::connection_refused; };
        BOOST_CHECK_EXCEPTION(await(open_connection("127.0.0.1", port)), std::system_error, refused);
    });
}

BOOST_AUTO_TEST_CASE(STREAM_020_an_exception_of_the_callback_is_reported_and_closes_the_connection) {
    run([] {
        const CapturedWarnings warnings;
        const CapturedReports reports(get_running_loop());
        const Server server = await(start_server(
            [](StreamReader reader, StreamWriter) {
                await(reader.readline());
                throw std::out_of_range("oops");
            },
            "127.0.0.1", 0));
        BOOST_TEST(await(ask(port_of(server), "hello\n")) == "");
        settle();
        BOOST_REQUIRE(reports.all.size() == 1u);
        const ExceptionContext& context = reports.all[0];
        BOOST_TEST(context.message == "Unhandled exception in client_connected_cb");
        BOOST_CHECK_THROW(std::rethrow_exception(context.exception), std::out_of_range);
        BOOST_TEST(context.transport->is_closing());
        BOOST_TEST(context.task.get_name().find("client 127.0.0.1:") == 0u);
        BOOST_TEST(warnings.count() == 0u);
        end_server(server);
    });
}

BOOST_AUTO_TEST_CASE(STREAM_020_also_when_the_writer_is_kept_elsewhere) {
    run([] {
        const CapturedReports reports(get_running_loop());
        std::vector<StreamWriter> kept;
        const Server server = await(start_server(
            [&](StreamReader reader, StreamWriter writer) {
                kept.push_back(writer);
                await(reader.readline());
                throw std::out_of_range("oops");
            },
            "127.0.0.1", 0));
        BOOST_TEST(await(ask(port_of(server), "hello\n")) == "");
        BOOST_TEST(kept.at(0).is_closing());
        BOOST_TEST(reports.all.size() == 1u);
        end_server(server);
    });
}

BOOST_AUTO_TEST_CASE(STREAM_021_a_cancelled_callback_is_not_reported) {
    run([] {
        const CapturedWarnings warnings;
        const CapturedReports reports(get_running_loop());
        const Server server = await(start_server(
            [](StreamReader reader, StreamWriter) {
                await(reader.readline());
                current_task().cancel();
                await(sleep(0s));
            },
            "127.0.0.1", 0));
        BOOST_TEST(await(ask(port_of(server), "hello\n")) == "");
        end_server(server);
        BOOST_TEST(reports.all.empty());
        BOOST_TEST(warnings.count() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(STREAM_021_also_before_its_first_step) {
    run([] {
        const CapturedWarnings warnings;
        const CapturedReports reports(get_running_loop());
        bool called = false;
        const Server server = await(start_server([&](StreamReader, StreamWriter) { called = true; }, "127.0.0.1", 0));
        const Task<std::string> asking = create_task(ask(port_of(server), "hello\n"));
        while (all_tasks().size() < 3) await(sleep(0s));
        for (const AnyTask& task : all_tasks()) {
            if (task.get_name().find("client") == 0) task.cancel();
        }
        error_of([&] { BOOST_TEST(await(asking) == ""); });  // or the connection was reset
        end_server(server);
        BOOST_TEST(!called);
        BOOST_TEST(reports.all.empty());
        BOOST_TEST(warnings.count() == 0u);
    });
}

// `writers = set()`, as a chat server has it.
BOOST_AUTO_TEST_CASE(handles_go_into_sets) {
    run([] {
        const Server server = await(start_server(echo_lines, nullptr, 0));
        const Streams one = await(open_connection("127.0.0.1", port_of(server)));
        const Streams other = await(open_connection("127.0.0.1", port_of(server)));
        std::set<StreamWriter> ordered{one.second, other.second, one.second};
        std::unordered_set<StreamReader> hashed{one.first, other.first, one.first};
        BOOST_TEST(ordered.size() == 2u);
        BOOST_TEST(hashed.size() == 2u);
        BOOST_TEST((ordered.erase(one.second) == 1u && ordered.count(other.second) == 1u));
        BOOST_TEST(std::unordered_set<StreamWriter>{one.second}.count(one.second) == 1u);
        BOOST_TEST(std::set<Server>{server}.count(server) == 1u);
        BOOST_TEST(one.second.get_extra_info<SocketAddress>("peername").port() == port_of(server));
        one.second.write(std::vector<char>{'h', 'i', '\n'});
        std::string line(3, '-');
        BOOST_TEST(await(one.first.read_into(line)) == 3u);
        BOOST_TEST(line == "hi\n");
        one.second.close();
        other.second.close();
        end_server(server);
    });
}

BOOST_AUTO_TEST_CASE(a_writer_takes_its_protocol) {
    run([] {
        EventLoop& loop = get_running_loop();
        std::pair<Pipe, Pipe> pipe = Pipe::pair();
        const StreamReader reader;
        await(loop.connect_read_pipe([&] { return std::make_shared<StreamReaderProtocol>(reader); }, std::move(pipe.first)));
        const auto made = await(loop.connect_write_pipe([] { return std::make_shared<FlowControlMixin>(); }, std::move(pipe.second)));
        const StreamWriter writer(made.first, made.second, StreamReader(nullptr), loop);
        writer.write("through\n");
        await(writer.drain());
        BOOST_TEST(await(reader.readline()) == "through\n");
        writer.close();
        BOOST_CHECK_THROW(StreamWriter(made.first, std::make_shared<Protocol>(), reader, loop), std::invalid_argument);
    });
}

BOOST_AUTO_TEST_CASE(a_callback_may_take_references) {
    run([] {
        const auto serve = [](StreamReader& reader, StreamWriter& writer) {
            writer.write(await(reader.readline()));
            writer.close();
        };
        const auto coroutine = [serve](StreamReader& reader, StreamWriter& writer) -> Coroutine<void> {
            return [serve, &reader, &writer] { serve(reader, writer); };
        };
        const Server server = await(start_server(serve, "127.0.0.1", 0));
        const Server other = await(start_server(coroutine, "127.0.0.1", 0));
        BOOST_TEST(await(ask(port_of(server), "hello\n")) == "hello\n");
        BOOST_TEST(await(ask(port_of(other), "hello\n")) == "hello\n");
        end_server(server);
        end_server(other);
    });
}

BOOST_AUTO_TEST_CASE(STREAM_023_writing_after_close_and_then_draining_throws) {
    run([] {
        const Server server = await(start_server(echo_lines, "127.0.0.1", 0));
        const Streams streams = await(open_connection("127.0.0.1", port_of(server)));
        streams.second.close();
        streams.second.write("data");
        BOOST_CHECK_EXCEPTION(await(streams.second.drain()), std::system_error, is_reset);
        end_server(server);
    });
}

BOOST_AUTO_TEST_CASE(STREAM_023_a_loop_of_writes_and_drains_notices_that_the_peer_has_gone) {
    run([] {
        const Server server = await(start_server([](StreamReader, StreamWriter writer) { writer.close(); }, "127.0.0.1", 0));
        const Streams streams = await(open_connection("127.0.0.1", port_of(server)));
        const auto write_for_ever = [&] {
            for (;;) {
                streams.second.write("foo\n");
                await(streams.second.drain());
                await(sleep(0s));
            }
        };
        BOOST_CHECK_THROW(write_for_ever(), std::system_error);
        end_server(server);
    });
}

BOOST_AUTO_TEST_CASE(STREAM_024_wait_closed_returns_with_unread_data_left) {
    run([] {
        const Server server = await(start_server(
            [](StreamReader reader, StreamWriter writer) {
                writer.write("read this\nbut not this");
                await(reader.read());
                writer.close();
            },
            "127.0.0.1", 0));
        const Streams streams = await(open_connection("127.0.0.1", port_of(server)));
        BOOST_TEST(await(streams.first.readline()) == "read this\n");
        BOOST_TEST(!streams.second.is_closing());
        streams.second.close();
        BOOST_TEST(streams.second.is_closing());
        await(streams.second.wait_closed());
        end_server(server);
    });
}

BOOST_AUTO_TEST_CASE(STREAM_025_closing_the_writer_ends_its_reader) {
    run([] {
        const Server server = await(start_server(echo_lines, "127.0.0.1", 0));
        const Streams streams = await(open_connection("127.0.0.1", port_of(server)));
        hang_up(streams);
        BOOST_TEST(streams.first.at_eof());
        BOOST_TEST(await(streams.first.read()) == "");
        end_server(server);
    });
}

BOOST_AUTO_TEST_CASE(STREAM_026_dropped_writers_warn_on_both_sides) {
    run([] {
        const CapturedWarnings warnings;
        std::size_t on_server = 0;
        const Server server = await(start_server(
            [&](StreamReader reader, StreamWriter writer) {
                await(reader.readline());
                writer = StreamWriter();
                on_server = warnings.count();
            },
            "127.0.0.1", 0));
        Streams streams = await(open_connection("127.0.0.1", port_of(server)));
        streams.second.write("hello\n");
        BOOST_TEST(await(streams.first.read()) == "");
        BOOST_TEST(on_server == 1u);
        BOOST_TEST(warnings.contains("unclosed <StreamWriter 127.0.0.1:"));
        streams.second = StreamWriter();
        BOOST_TEST(warnings.count() == 2u);
        BOOST_TEST(warnings.contains("unclosed <StreamWriter 127.0.0.1:" + std::to_string(port_of(server)) + ">"));
        end_server(server);
    });
}

BOOST_AUTO_TEST_CASE(STREAM_026_a_callback_that_returns_without_closing_warns) {
    run([] {
        const CapturedWarnings warnings;
        const Server server = await(start_server([](StreamReader reader, StreamWriter) { await(reader.readline()); },
                                                 "127.0.0.1", 0));
        BOOST_TEST(await(ask(port_of(server), "hello\n")) == "");
        BOOST_TEST(warnings.count() == 1u);
        BOOST_TEST(warnings.contains("unclosed <StreamWriter"));
        end_server(server);
    });
}

BOOST_AUTO_TEST_CASE(STREAM_027_unix_sockets_give_the_same_streams) {
    run([] {
        const CapturedWarnings warnings;
        const std::string path = "/tmp/cede-test-stream-" + std::to_string(getpid());
        std::string name;
        const Server server = await(start_unix_server(
            [&](StreamReader reader, StreamWriter writer) {
                name = current_task().get_name();
                echo_lines(reader, writer);
            },
            path));
        const Streams streams = await(open_unix_connection(path, ConnectOptions().limit(100)));
        streams.second.writelines({"one\n", "two\n"});
        BOOST_TEST(await(streams.first.readline()) == "one\n");
        BOOST_TEST(await(streams.first.readexactly(4)) == "two\n");
        BOOST_TEST(name == "client at " + path);
        hang_up(streams);
        end_server(server);
        std::remove(path.c_str());
        BOOST_TEST(warnings.count() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(one_side_may_end_before_the_other) {
    run([] {
        const Server server = await(start_server(
            [](StreamReader reader, StreamWriter writer) {
                const std::string all = await(reader.read());
                writer.write("got " + std::to_string(all.size()));
                writer.close();
            },
            "127.0.0.1", 0));
        const Streams streams = await(open_connection("127.0.0.1", port_of(server)));
        streams.second.write(std::string(1000000, 'x'));
        await(streams.second.drain());
        BOOST_TEST(streams.second.can_write_eof());
        streams.second.write_eof();
        BOOST_TEST(await(streams.first.read()) == "got 1000000");
        hang_up(streams);
        end_server(server);
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
