// loop.sendfile on a TLS transport: CPython's test_sendfile_ssl*.
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <boost/test/unit_test.hpp>

#include "cede/cede.hpp"
#include "net/sendfile_fixtures.hpp"

#include "raw_peer.hpp"
#include "streams.hpp"

namespace cede {
namespace tests {

namespace {

// Streams of ours to a peer that does as the test says.
struct Sending {
    explicit Sending(const std::string& content) : file(content) {
        const Task<Socket> accepting = create_task([this] { return server.accept(); });
        const auto connecting = create_task(open_connection("127.0.0.1", server.port(), ConnectOptions().ssl(client_context())));
        peer.reset(new RawPeer(await(accepting)));
        peer->shake_hands();
        streams = await(connecting);
    }
    const StreamWriter& writer() const { return streams.second; }
    Coroutine<std::int64_t> sendfile(SendfileOptions options = SendfileOptions()) const {
        return get_running_loop().sendfile(writer().transport(), file.fd(), options);
    }
    std::string receive(std::size_t size) {
        std::string all;
        while (all.size() < size) {
            const std::string some = peer->receive();
            if (some.empty()) break;
            all += some;
        }
        return all;
    }

    RawServer server;
    TemporaryFile file;
    std::unique_ptr<RawPeer> peer;
    Streams streams{nullptr, StreamWriter()};
};

bool aborted_or_reset(const std::system_error& error) {
    return error.code() == std::errc::connection_aborted || error.code() == std::errc::connection_reset ||
           error.code() == std::errc::broken_pipe;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sendfile)

BOOST_AUTO_TEST_CASE(SENDF_008_a_file_or_a_part_of_it_is_sent_between_what_is_written) {
    run([] {
        const std::string content = bytes(1, 3000000);
        Sending s(content);
        const std::string right = "before" + content + "between" + content.substr(1000, 100) + "after";
        const Task<std::string> receiving = create_task([&] { return s.receive(right.size()); });
        s.writer().write("before");
        BOOST_TEST(await(s.sendfile()) == s.file.size());
        BOOST_TEST(s.file.position() == s.file.size());
        s.writer().write("between");
        BOOST_TEST(await(s.sendfile(SendfileOptions().offset(1000).count(100))) == 100);
        BOOST_TEST(s.file.position() == 1100);
        s.writer().write("after");
        BOOST_TEST((await(receiving) == right));
        s.writer().transport()->abort();
    });
}

BOOST_AUTO_TEST_CASE(SENDF_012_nobody_else_writes_meanwhile) {
    run([] {
        const std::string content = bytes(2, 3000000);
        Sending s(content);
        const Task<std::int64_t> sending = create_task(s.sendfile());
        std::string received = s.receive(100000);
        BOOST_TEST(!sending.done());
        BOOST_CHECK_THROW(s.writer().write("in the midst"), RuntimeError);
        BOOST_CHECK_THROW(s.writer().writelines({"a", "b"}), RuntimeError);
        BOOST_CHECK_THROW(await(s.sendfile()), RuntimeError);
        received += s.receive(content.size() - received.size());
        BOOST_TEST(await(sending) == s.file.size());
        s.writer().write("afterwards");
        BOOST_TEST((received == content));
        BOOST_TEST(s.receive(10) == "afterwards");
        s.writer().transport()->abort();
    });
}

// As one that is paused when the file begins, and learns when it has gone that it may write.
BOOST_AUTO_TEST_CASE(a_protocol_may_write_when_it_is_told_so) {
    struct Eager : Protocol {
        void connection_made(std::shared_ptr<BaseTransport> made) override { transport = as<Transport>(made); }
        void pause_writing() override { paused = true; }
        void resume_writing() override {
            if (std::exchange(paused, false)) transport->write("told");
        }
        std::shared_ptr<Transport> transport;
        bool paused = false;
    };
    run([] {
        EventLoop& loop = get_running_loop();
        std::string reports;
        loop.set_exception_handler([&](EventLoop&, const ExceptionContext& context) { reports += context.message; });
        const std::string content = bytes(5, 3000000);
        const TemporaryFile file(content);
        RawServer server;
        const auto eager = std::make_shared<Eager>();
        const Task<Socket> accepting = create_task([&] { return server.accept(); });
        const auto connecting = create_task(loop.create_connection([&] { return eager; }, "127.0.0.1", server.port(),
                                                                   ConnectionOptions().ssl(client_context())));
        RawPeer peer(await(accepting));
        peer.shake_hands();
        await(connecting);
        const std::string before = bytes(6, 16 << 20);
        eager->transport->write(before);
        BOOST_REQUIRE(eager->paused);  // more than the system takes
        const Task<std::int64_t> sending = create_task(loop.sendfile(eager->transport, file.fd()));
        const std::string right = before + content + "told";
        std::string all;
        while (all.size() < right.size()) {
            const std::string some = peer.receive();
            if (some.empty()) break;
            all += some;
        }
        BOOST_TEST(await(sending) == file.size());
        BOOST_TEST((all == right));
        BOOST_TEST(reports == "");
        eager->transport->abort();
    });
}

BOOST_AUTO_TEST_CASE(SENDF_013_a_peer_that_closes_in_the_middle_is_a_connection_error) {
    run([] {
        Sending s(bytes(3, 8 << 20));
        const Task<std::int64_t> sending = create_task(s.sendfile());
        s.receive(100000);
        s.peer->socket.close();
        BOOST_CHECK_EXCEPTION(await(sending), std::system_error, aborted_or_reset);
        BOOST_TEST(s.writer().is_closing());
        BOOST_TEST(s.file.position() >= 100000);
        BOOST_TEST(s.file.position() < s.file.size());
        BOOST_CHECK_THROW(await(s.sendfile()), RuntimeError);  // SENDF-009
        s.writer().write("dropped");
    });
}

BOOST_AUTO_TEST_CASE(SENDF_014_a_peer_that_closes_after_receiving_everything_is_no_error) {
    for (const bool clean : {true, false}) {
        run([clean] {
            const std::string content = bytes(4, 3000000);
            Sending s(content);
            const Task<std::int64_t> sending = create_task(s.sendfile());
            BOOST_TEST((s.receive(content.size()) == content));
            if (clean) {
                s.peer->tls->unwrap();
                s.peer->flush();
            }
            s.peer->socket.close();
            BOOST_TEST(await(sending) == s.file.size());
            BOOST_TEST(s.file.position() == s.file.size());
            BOOST_TEST(await(s.streams.first.read()) == "");
            s.writer().close();
            try {
                await(s.writer().wait_closed());
            } catch (const std::system_error& error) {
                BOOST_TEST(aborted_or_reset(error));
            }
        });
    }
}

BOOST_AUTO_TEST_CASE(SENDF_011_tls_needs_the_fallback) {
    run([] {
        Sending s("some bytes");
        BOOST_CHECK_THROW(await(s.sendfile(SendfileOptions().fallback(false))), RuntimeError);
        BOOST_TEST(s.file.position() == 0);
        BOOST_TEST(await(s.sendfile()) == 10);
        BOOST_TEST(s.receive(10) == "some bytes");
        s.writer().transport()->abort();
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
