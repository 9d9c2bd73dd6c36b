// Who keeps what alive: protocols that let go of everything, loops that close.
#include "net/fixtures.hpp"

#include "cede/task/task.hpp"
#include "cede/testing/run.hpp"

namespace cede {
namespace tests {
namespace {

// Counts those that live.
struct Counted : Recording {
    Counted() { ++living; }
    ~Counted() override { --living; }
    static int living;
};
int Counted::living = 0;

// A client sends much to a server that echoes it, and both end.
void converse() {
    EventLoop& loop = get_running_loop();
    const Server server = await(loop.create_server([] { return std::make_shared<Echo>(); }, "127.0.0.1", 0));
    const int port = server.sockets().front().local_address().port();
    const auto client = std::make_shared<Counted>();
    const Future<void> over;
    const std::string bytes = huge().substr(0, 3 << 20);
    client->on_data = [&, raw = client.get()] {
        if (raw->data.size() == bytes.size()) raw->transport->write_eof();
    };
    client->on_lost = [&] { over.set_result(); };
    const auto made = await(loop.create_connection(factory_of(client), "127.0.0.1", port));
    made.first->write(bytes);
    await(over);
    BOOST_TEST((client->error == nullptr));
    BOOST_TEST((client->data == bytes));
    server.close();
    await(server.wait_closed());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lifetime)

BOOST_AUTO_TEST_CASE(the_loop_keeps_a_connection_that_nobody_holds) {
    in_loop([] {
        auto ends = Socket::pair();
        std::string received;
        struct Careless : Protocol {
            explicit Careless(std::string& to) : data(to) {}
            void data_received(absl::string_view bytes) override { data.append(bytes.data(), bytes.size()); }
            std::string& data;
        };
        await(get_running_loop().connect_accepted_socket([&] { return std::make_shared<Careless>(received); },
                                                         std::move(ends.first)));
        settle();
        BOOST_REQUIRE(::send(ends.second.fd(), "still read", 10, 0) == 10);
        BOOST_TEST(until([&] { return received == "still read"; }));
    });
}

BOOST_AUTO_TEST_CASE(an_ended_connection_lets_go_of_its_protocol_and_descriptor) {
    in_loop([] {
        const int before = open_descriptors();
        std::shared_ptr<Transport> kept;
        {
            auto ends = Socket::pair();
            const auto protocol = std::make_shared<Counted>();
            kept = await(get_running_loop().connect_accepted_socket(factory_of(protocol), std::move(ends.first))).first;
        }
        BOOST_TEST(until([&] { return Counted::living == 0; }));
        BOOST_TEST(open_descriptors() == before);
        // What is left of it is harmless.
        kept->write("x");
        kept->close();
        kept->abort();
        kept->pause_reading();
        kept->resume_reading();
        kept->write_eof();
        kept->set_write_buffer_limits(0);
        kept->set_protocol(std::make_shared<Recording>());
        BOOST_TEST((kept->get_protocol() == nullptr));
        BOOST_TEST(kept->is_closing());
        settle();
    });
    BOOST_TEST(Counted::living == 0);
}

// Every callback may be the last that anybody hears of the protocol.
BOOST_AUTO_TEST_CASE(everything_may_be_dropped_or_aborted_in_every_callback) {
    for (int which = 0; which < 6; ++which) {
        in_loop([=] {
            auto ends = Socket::pair();
            auto protocol = std::make_shared<Counted>();
            Counted* const raw = protocol.get();
            const auto drop = [raw] {
                if (raw->transport == nullptr) return;
                const std::shared_ptr<Transport> transport = std::move(raw->transport);
                transport->abort();
                transport->set_protocol(std::make_shared<Recording>());
                transport->write("after the abort");
            };
            std::function<void()>* const callbacks[] = {&raw->on_made, &raw->on_data, &raw->on_eof,
                                                        &raw->on_lost, &raw->on_pause, &raw->on_resume};
            *callbacks[which] = drop;
            auto factory = factory_of(std::move(protocol));
            await(get_running_loop().connect_accepted_socket(std::move(factory), std::move(ends.first)));
            if (which == 4 || which == 5) raw->transport->write(huge());
            if (which == 0 || which == 4) return settle();
            BOOST_REQUIRE(::send(ends.second.fd(), "x", 1, MSG_NOSIGNAL) == 1);
            char buffer[65536];
            int turns = 0;
            until([&] {
                ::recv(ends.second.fd(), buffer, sizeof buffer, 0);
                return ++turns > 1000;
            });
            ends.second.close();
            BOOST_TEST(until([] { return Counted::living == 0; }));
        });
        BOOST_TEST(Counted::living == 0, "callback " << which);
    }
}

BOOST_AUTO_TEST_CASE(a_loop_that_closes_closes_what_is_open) {
    const int before = open_descriptors();
    const Warnings warnings;
    std::shared_ptr<Transport> outlives;
    std::shared_ptr<Counted> protocol;
    {
        auto ends = Socket::pair();
        in_loop([&] {
            EventLoop& loop = get_running_loop();
            const Server server = await(loop.create_server([] { return std::make_shared<Counted>(); }, "127.0.0.1", 0));
            const int port = server.sockets().front().local_address().port();
            for (int i = 0; i < 3; ++i) {
                await(loop.create_connection([] { return std::make_shared<Counted>(); }, "127.0.0.1", port));
            }
            settle();
            protocol = std::make_shared<Counted>();
            outlives = await(loop.connect_accepted_socket(factory_of(protocol), std::move(ends.first))).first;
            outlives->write(huge());
            outlives->close();  // not over yet when the loop closes: no warning for this one
            BOOST_TEST(Counted::living == 7);
        });
    }
    BOOST_TEST(open_descriptors() == before);
    BOOST_TEST(Counted::living == 1);
    BOOST_TEST(protocol->losses == 0);  // as in asyncio: nobody is told by a loop that is gone
    BOOST_TEST(Warnings::list().size() == 6u);
    outlives->write("x");
    outlives->abort();
    BOOST_TEST(outlives->get_write_buffer_size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_connection_on_a_closed_loop_is_an_error) {
    const auto loop = new_event_loop();
    loop->close();
    const int before = open_descriptors();
    cede::run([&] {
        BOOST_CHECK_THROW(await(loop->connect_accepted_socket([] { return std::make_shared<Recording>(); },
                                                              Socket::pair().first)),
                          RuntimeError);
    });
    BOOST_TEST(open_descriptors() == before);
}

// The main task ends at the n-th turn of a busy server, for every n: whatever was under way, nothing is left.
BOOST_AUTO_TEST_CASE(a_loop_may_end_at_any_turn) {
    const Warnings warnings;
    const int before = open_descriptors();
    for (int turns = 0; turns < 40; ++turns) {
        in_loop([=] {
            EventLoop& loop = get_running_loop();
            create_task([&loop] {
                const Server server = await(loop.create_server([] { return std::make_shared<Echo>(); }, "127.0.0.1", 0));
                const int port = server.sockets().front().local_address().port();
                for (int i = 0; i < 3; ++i) {
                    const auto client = std::make_shared<Counted>();
                    const auto made = await(loop.create_connection(factory_of(client), "127.0.0.1", port));
                    made.first->write("ping");
                    until([&] { return client->data == "ping"; });
                    made.first->close();
                }
                server.close();
                await(server.wait_closed());
            });
            for (int i = 0; i < turns; ++i) await(sleep(std::chrono::seconds(0)));
        });
        BOOST_TEST(open_descriptors() == before);
        BOOST_TEST(Counted::living == 0);
    }
}

// In any order of what is ready, connection_made comes before all else and connection_lost after it.
BOOST_AUTO_TEST_CASE(a_shuffled_loop_serves_as_well) {
    const Warnings warnings;
    const int before = open_descriptors();
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        testing::run(&converse, testing::TestOptions().seed(seed).grace(std::chrono::milliseconds(1)));
        testing::run(
            [] {
                auto ends = Socket::pair();
                const auto protocol = std::make_shared<Counted>();
                auto connecting = create_task(
                    get_running_loop().connect_accepted_socket(factory_of(protocol), std::move(ends.first)));
                await(sleep(std::chrono::seconds(0)));
                connecting.cancel();
                settle();
                BOOST_TEST((protocol->calls.empty() || protocol->calls == "made lost "));
            },
            testing::TestOptions().seed(seed));
        BOOST_TEST(open_descriptors() == before);
        BOOST_TEST(Counted::living == 0);
    }
}

// Ctrl-C in a callback leaves the loop as from any callback, and the connections are closed with it.
BOOST_AUTO_TEST_CASE(an_interrupt_in_any_callback_leaves_the_loop) {
    const Warnings warnings;
    const int before = open_descriptors();
    for (int which = 0; which < 3; ++which) {
        const auto interrupted = [=] {
            Connected<Counted> c;
            const auto interrupt = [] { throw KeyboardInterrupt(); };
            std::function<void()>* const callbacks[] = {&c.protocol->on_data, &c.protocol->on_eof, &c.protocol->on_lost};
            *callbacks[which] = interrupt;
            c.peer_sends("x");
            if (which > 0) c.peer.close();
            settle();
        };
        BOOST_CHECK_THROW(in_loop(interrupted), KeyboardInterrupt);
        BOOST_TEST(open_descriptors() == before);
        BOOST_TEST(Counted::living == 0);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
