// What may be asked of TLS, and what is refused, with which advice.
#include "net/ssl_fixtures.hpp"

#include "cede/task/loop_group.hpp"

namespace cede {
namespace tests {
namespace {

LoopNetwork::ProtocolFactory any() {
    return [] { return std::make_shared<Recording>(); };
}

// What std::invalid_argument says; something else when it is not thrown.
template <class F>
std::string refusal(F f) {
    try {
        f();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "not refused";
}

void check_refused(const std::string& text, std::initializer_list<const char*> words) {
    for (const char* word : words) BOOST_TEST(text.find(word) != std::string::npos, "'" << word << "' is not in: " << text);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ssl_options)

// SSL-004
BOOST_AUTO_TEST_CASE(timeouts_must_be_positive) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        for (const int seconds : {0, -1}) {
            const Duration wrong = std::chrono::seconds(seconds);
            const auto ssl = ConnectionOptions().ssl(toy()).server_hostname("x");
            check_refused(refusal([&] {
                              await(loop.create_connection(any(), "127.0.0.1", 1, ConnectionOptions(ssl).ssl_handshake_timeout(wrong)));
                          }),
                          {"create_connection", "ssl_handshake_timeout should be positive"});
            check_refused(refusal([&] {
                              await(loop.create_connection(any(), "127.0.0.1", 1, ConnectionOptions(ssl).ssl_shutdown_timeout(wrong)));
                          }),
                          {"ssl_shutdown_timeout should be positive"});
            check_refused(refusal([&] {
                              await(loop.create_server(any(), "127.0.0.1", 0,
                                                       ServerOptions().ssl(toy()).ssl_handshake_timeout(wrong)));
                          }),
                          {"create_server", "ssl_handshake_timeout should be positive"});
        }
    });
}

// SSL-005
BOOST_AUTO_TEST_CASE(timeouts_mean_nothing_without_ssl) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Duration one = std::chrono::seconds(1);
        const auto connection = ConnectionOptions().ssl_handshake_timeout(one);
        const auto server = ServerOptions().ssl_handshake_timeout(one);
        const std::initializer_list<const char*> words = {"ssl_handshake_timeout is only meaningful with ssl"};
        check_refused(refusal([&] { await(loop.create_connection(any(), "127.0.0.1", 1, connection)); }), words);
        check_refused(refusal([&] { await(loop.create_unix_connection(any(), "/none", connection)); }), words);
        check_refused(refusal([&] { await(loop.connect_accepted_socket(any(), Socket::pair().first, connection)); }), words);
        check_refused(refusal([&] { await(loop.create_server(any(), "127.0.0.1", 0, server)); }), words);
        check_refused(refusal([&] { await(loop.create_unix_server(any(), "/none/none", server)); }), words);
        check_refused(refusal([&] {
                          await(loop.create_server(any(), "127.0.0.1", 0, ServerOptions().ssl(false).ssl_shutdown_timeout(one)));
                      }),
                      {"ssl_shutdown_timeout is only meaningful with ssl"});
        check_refused(refusal([&] {
                          await(loop.create_connection(any(), "127.0.0.1", 1,
                                                       ConnectionOptions().ssl(nullptr).ssl_shutdown_timeout(one)));
                      }),
                      {"ssl_shutdown_timeout is only meaningful with ssl"});
    });
}

// SSL-008
BOOST_AUTO_TEST_CASE(server_hostname_and_ssl_need_each_other) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const auto hostname = ConnectionOptions().server_hostname("x");
        check_refused(refusal([&] { await(loop.create_connection(any(), "127.0.0.1", 1, hostname)); }),
                      {"create_connection", "server_hostname is only meaningful with ssl"});
        check_refused(refusal([&] { await(loop.create_unix_connection(any(), "/none", hostname)); }),
                      {"create_unix_connection", "server_hostname is only meaningful with ssl"});
        const auto ssl = ConnectionOptions().ssl(toy());
        check_refused(refusal([&] { await(loop.create_connection(any(), ConnectionOptions(ssl).socket(Socket::pair().first))); }),
                      {"set server_hostname when using ssl without a host"});
        check_refused(refusal([&] { await(loop.create_unix_connection(any(), "/none", ssl)); }), {"set server_hostname"});
        check_refused(refusal([&] {
                          await(loop.connect_accepted_socket(any(), Socket::pair().first, ConnectionOptions(ssl).server_hostname("x")));
                      }),
                      {"here we are the server"});
    });
}

// SSL-008: the host is what the certificate must be for, unless another name is given; an empty one is none.
BOOST_AUTO_TEST_CASE(the_host_is_the_name_that_is_checked) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Server server = await(loop.create_server(any(), "127.0.0.1", 0, ServerOptions().ssl(toy())));
        const int port = server.sockets().front().local_address().port();
        BOOST_CHECK_THROW(await(loop.create_connection(any(), "127.0.0.1", port, ConnectionOptions().ssl(toy()))),
                          SSLCertVerificationError);
        for (const char* name : {"toy.example", ""}) {
            const auto made = await(
                loop.create_connection(any(), "127.0.0.1", port, ConnectionOptions().ssl(toy()).server_hostname(name)));
            made.first->abort();
        }
        server.close();
        server.abort_clients();
        await(server.wait_closed());
    });
}

// UNIX-012: also for what is not Unix; ssl(false) is none at all.
BOOST_AUTO_TEST_CASE(UNIX_012_true_in_place_of_a_context_is_refused) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const std::initializer_list<const char*> words = {"pass a context", "create_default_context()"};
        check_refused(refusal([&] { await(loop.create_unix_server(any(), "/none/none", ServerOptions().ssl(true))); }), words);
        check_refused(refusal([&] { await(loop.create_server(any(), "127.0.0.1", 0, ServerOptions().ssl(true))); }), words);
        check_refused(refusal([&] { await(loop.create_connection(any(), "127.0.0.1", 1, ConnectionOptions().ssl(true))); }), words);
        check_refused(refusal([&] {
                          LoopGroup group(1);
                          await(create_server(group, [] { return std::make_shared<Recording>(); }, "127.0.0.1", 0,
                                              ServerOptions().ssl(true)));
                      }),
                      words);
        const Server server = await(loop.create_server(any(), "127.0.0.1", 0, ServerOptions().ssl(true).ssl(false)));
        server.close();
    });
}

// SSL-001, 022: the Unix forms and the group's are the same.
BOOST_AUTO_TEST_CASE(a_unix_server_and_a_groups_server_speak_tls) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const auto echo = [] { return std::make_shared<Echo>(); };
        const auto options = ConnectionOptions().ssl(toy()).server_hostname("toy.example");
        const auto check = [&](const LoopNetwork::Connection& made) {
            const auto client = std::static_pointer_cast<Recording>(made.second);
            made.first->write("ping");
            BOOST_TEST(until([&] { return client->data == "ping"; }));
            made.first->close();
            BOOST_TEST(until([&] { return client->losses == 1; }));
            BOOST_TEST((client->error == nullptr));
        };
        const std::string path("\0cede-ssl-options-test", 22);
        const Server unix_server = await(loop.create_unix_server(echo, path, ServerOptions().ssl(toy())));
        check(await(loop.create_unix_connection(any(), path, options)));
        unix_server.close();
        await(unix_server.wait_closed());

        LoopGroup group(2);
        const GroupServer server = await(create_server(group, echo, "127.0.0.1", 0, ServerOptions().ssl(toy())));
        for (int i = 0; i < 8; ++i) check(await(loop.create_connection(any(), "127.0.0.1", server.port(), options)));
        server.close();
        await(server.wait_closed());
    });
}

// A context that cannot serve says so to the one that asks, or to the server's loop.
BOOST_AUTO_TEST_CASE(a_context_that_makes_no_object_is_an_error) {
    struct Useless : SSLContext {
        std::unique_ptr<SSLObject> wrap_bio(bool, const std::string&) const override { return nullptr; }
    };
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Reports reports(loop);
        const auto useless = std::make_shared<Useless>();
        BOOST_CHECK_THROW(await(loop.create_connection(any(), over_toy(Socket::pair().first, useless))), std::invalid_argument);
        const Server server = await(loop.create_server(any(), "127.0.0.1", 0, ServerOptions().ssl(useless)));
        const int port = server.sockets().front().local_address().port();
        const auto client = std::make_shared<Recording>();
        await(loop.create_connection(factory_of(client), "127.0.0.1", port));
        BOOST_TEST(until([&] { return client->losses == 1; }));
        BOOST_TEST(reports.all.size() == 1u);
        server.close();
    });
}

BOOST_AUTO_TEST_CASE(errors_have_codes_and_texts) {
    const SSLError error(SSLErrc::protocol, "wrong version number");
    BOOST_TEST((error.code() == SSLErrc::protocol));
    BOOST_TEST(std::string(error.what()) == "wrong version number: TLS protocol error");
    const SSLCertVerificationError refused("bad", 18, "self-signed certificate");
    BOOST_TEST(refused.verify_code() == 18);
    BOOST_TEST(std::string(refused.verify_message()) == "self-signed certificate");
    BOOST_TEST((refused.code() == SSLErrc::certificate_verify_failed));
    BOOST_TEST((SSLEOFError().code() == SSLErrc::eof));
    for (const SSLErrc each : {SSLErrc::eof, SSLErrc::zero_return, SSLErrc::configuration}) {
        BOOST_TEST(!make_error_code(each).message().empty());
    }
    BOOST_TEST(std::error_code(77, ssl_category()).message() == "TLS error 77");
    BOOST_TEST(std::string(ssl_category().name()) == "ssl");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
