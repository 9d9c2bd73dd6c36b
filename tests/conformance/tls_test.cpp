// A conversation over TLS with every allocation failing once: whatever fails, both ends are told how it ended, nobody waits for
// ever, and no descriptor is left. The same without TLS, to tell apart whose fault it is.
#include <boost/test/unit_test.hpp>

#include "cede/testing/testing.hpp"
#include "net/fixtures.hpp"
#include "support/instrumentation.hpp"
#include "support/toy_ssl.hpp"

namespace cede {
namespace tests {
namespace {

// One end: counts what it gets; `over` is done when it is lost.
class End : public Protocol {
public:
    explicit End(std::size_t answer_to) : answer_to_(answer_to) {}
    void connection_made(std::shared_ptr<BaseTransport> made) override { transport = as<Transport>(made); }
    void data_received(absl::string_view data) override {
        received += data.size();
        answer();
        if (received == 6 && answer_to_ == 0) transport->close();
    }
    void connection_lost(std::exception_ptr) override {
        transport = nullptr;
        if (!over.done()) over.set_result();
    }
    void answer() {
        if (received == answer_to_ && !upgrading) transport->write("answer");
    }
    std::shared_ptr<Transport> transport;
    bool upgrading = false;  // data may come before start_tls() has said to which transport the answer goes
    std::size_t received = 0;
    Future<void> over;

private:
    const std::size_t answer_to_;
};

// Whatever fails at one end is told by its own call, and is only the end of the connection at the other.
template <class F>
void told(F f) {
    try {
        f();
    } catch (const std::exception&) {
    }
}

void converse(bool tls, bool upgraded) {
    EventLoop& loop = get_running_loop();
    loop.set_exception_handler([](EventLoop&, const ExceptionContext&) {});
    const ConnectionOptions server_side = tls && !upgraded ? ConnectionOptions().ssl(toy()) : ConnectionOptions();
    auto ends = Socket::pair();
    ConnectionOptions client_side = ConnectionOptions().socket(std::move(ends.second));
    if (tls && !upgraded) client_side.ssl(toy()).server_hostname("toy.example");
    const auto server = std::make_shared<End>(50000);
    const auto client = std::make_shared<End>(0);
    const Future<void> ready;  // the client speaks first, and not before the server expects TLS
    const auto serving = create_task([&loop, ready, server, server_side, upgraded, socket = std::move(ends.first)]() mutable {
        told([&] {
            auto transport = await(loop.connect_accepted_socket(factory_of(server), std::move(socket), server_side)).first;
            if (!upgraded) return;
            ready.set_result();
            server->upgrading = true;
            transport = await(loop.start_tls(transport, server, toy(), StartTlsOptions().server_side(true)));
            server->upgrading = false;
            if (server->transport == nullptr) return;  // lost already
            server->transport = transport;
            server->answer();
        });
    });
    struct Ends {  // when the body is cancelled for want of memory
        const Task<void>& serving;
        std::shared_ptr<End> server, client;
        ~Ends() {
            serving.cancel();
            if (server->transport != nullptr) server->transport->abort();
            if (client->transport != nullptr) client->transport->abort();
        }
    } const ends_both{serving, server, client};
    serving.add_done_callback([ready] {
        if (!ready.done()) ready.set_result();
    });
    told([&] {
        client->transport = await(loop.create_connection(factory_of(client), client_side)).first;
        await(ready);
        if (upgraded) client->transport = await(loop.start_tls(client->transport, client, toy()));
        client->transport->write(std::string(50000, 'x'));
        await(client->over);
    });
    if (client->transport != nullptr) client->transport->abort();
    await(serving);
    if (server->transport != nullptr) {
        server->transport->close();
        await(server->over);
    }
}

void survives(bool tls, bool upgraded) {
    if (under_valgrind()) return;  // which has an operator new of its own
    const Warnings warnings;
    absl::optional<int> before;  // none while the body has not begun
    const std::size_t points = testing::fail_every_allocation(
        [&] {
            {
                const testing::AllocationsSucceed here;
                before = open_descriptors();
            }
            converse(tls, upgraded);
        },
        [&] {
            if (!before) return;
            until([&] { return open_descriptors() == *before; }, 100);
            BOOST_TEST(open_descriptors() == *before);
            before = absl::nullopt;
        });
    BOOST_TEST(points > 20u);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tls)

BOOST_AUTO_TEST_CASE(a_plain_conversation_survives_every_failed_allocation) { survives(false, false); }
BOOST_AUTO_TEST_CASE(a_conversation_survives_every_failed_allocation) { survives(true, false); }
BOOST_AUTO_TEST_CASE(an_upgrade_survives_every_failed_allocation) { survives(true, true); }

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
