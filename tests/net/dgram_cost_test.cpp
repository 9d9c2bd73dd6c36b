// What datagrams cost: system calls, allocations, waiting.
#include "net/dgram_fixtures.hpp"
#include "support/faults/system_calls.hpp"

#include "cede/testing/run.hpp"
#include "support/allocation_counter.hpp"

namespace cede {
namespace tests {

BOOST_AUTO_TEST_SUITE(dgram_cost)

BOOST_AUTO_TEST_CASE(bursts_are_received_and_sent_by_few_system_calls) {
    in_loop([] {
        Endpoint server(on_loopback());
        Endpoint client(connected_to(server.address()));
        const CallCounter receives(SystemCall::recvmmsg), sends(SystemCall::sendmmsg);
        {
            const FailingCall full(SystemCall::sendto, EAGAIN);
            for (int i = 0; i < 64; ++i) client.transport->sendto(numbered(i));
        }
        BOOST_TEST(server.receives(64));
        BOOST_TEST((server.protocol->received == numbered_texts(0, 64)));
        BOOST_TEST(sends.count() == 2);
        BOOST_TEST(receives.count() >= 4);
        BOOST_TEST(receives.count() <= 8);
    });
}

// To a queue that is full, a Unix socket that is not connected counts as writable all the time.
BOOST_AUTO_TEST_CASE(a_full_queue_of_an_unconnected_unix_socket_is_not_spun_on) {
    cede::testing::run([] {
        const std::string name("\0cede-test-full-queue", 21);
        const Socket receiver(AF_UNIX, SOCK_DGRAM);
        receiver.bind(SocketAddress::from_path(name));
        Endpoint sender(DatagramOptions().family(AF_UNIX));
        const SocketAddress to = receiver.local_address();
        int sent = 0;
        while (sender.transport->get_write_buffer_size() == 0) sender.transport->sendto(numbered(sent++), to);
        const CallCounter attempts(SystemCall::sendmmsg);
        await(sleep(std::chrono::seconds(1)));
        BOOST_TEST(attempts.count() >= 10);
        BOOST_TEST(attempts.count() <= 40);
        Texts all;
        while (sender.transport->get_write_buffer_size() > 0) {
            for (std::string& each : received_by(receiver)) all.push_back(std::move(each));
            await(sleep(std::chrono::milliseconds(10)));
        }
        for (std::string& each : received_by(receiver)) all.push_back(std::move(each));
        BOOST_TEST((all == numbered_texts(0, sent)));
    });
}

namespace {

// Sends each datagram back to where it came from, `left` times.
struct Player : DatagramProtocol {
    void connection_made(std::shared_ptr<BaseTransport> made) override { transport = as<DatagramTransport>(made); }
    void datagram_received(absl::string_view data, const SocketAddress& from) override {
        if (left-- > 0) {
            transport->sendto(data, from);
        } else if (done && !done.done()) {
            done.set_result();
        }
    }
    std::shared_ptr<DatagramTransport> transport;
    int left = 0;
    Future<void> done = nullptr;
};

void play(Player& one, Player& other, const SocketAddress& other_address, int rounds) {
    one.left = rounds;
    other.left = rounds + 1;
    one.done = Future<void>();
    one.transport->sendto("forty bytes of a datagram, more or less.", other_address);
    await(one.done);
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_echoed_datagram_costs_one_receive_one_send_and_nothing_else) {
    cede::run(
        [] {
            EventLoop& loop = get_running_loop();
            const auto one = std::make_shared<Player>(), other = std::make_shared<Player>();
            await(loop.create_datagram_endpoint(factory_of(one), on_loopback()));
            await(loop.create_datagram_endpoint(factory_of(other), on_loopback()));
            const SocketAddress to = absl::any_cast<SocketAddress>(other->transport->get_extra_info("sockname"));
            for (int warming_up = 0; warming_up < 2; ++warming_up) play(*one, *other, to, 100);
            constexpr int rounds = 1000;
            const CallCounter receives(SystemCall::recvmmsg), sends(SystemCall::sendto), changes(SystemCall::epoll_ctl);
            const AllocationCounter allocations;
            play(*one, *other, to, rounds);
            const std::size_t allocated = allocations.count();
            BOOST_TEST(receives.count() == 2 * (rounds + 1));
            BOOST_TEST(sends.count() == 2 * (rounds + 1));
            BOOST_TEST(changes.count() == 0);
            if (AllocationCounter::available()) BOOST_TEST(allocated == 0u);
            one->transport->abort();
            other->transport->abort();
        },
        RunOptions().debug(false));
}

BOOST_AUTO_TEST_CASE(a_backlog_that_comes_and_goes_allocates_nothing) {
    cede::run(
        [] {
            Paired p;
            const auto flood = [&] {
                const FailingCall full(SystemCall::sendto, EAGAIN, 1, 1);
                for (int i = 0; i < 50; ++i) p.transport.sendto("a datagram of the backlog");
            };
            char bytes[64];
            const auto ebb = [&] {
                return until([&] {
                    while (::recv(p.peer.fd(), bytes, sizeof bytes, 0) >= 0) {
                    }
                    return p.transport.get_write_buffer_size() == 0;
                });
            };
            flood();
            BOOST_TEST(ebb());
            const AllocationCounter allocations;
            flood();
            const bool ebbed = ebb();
            const std::size_t allocated = allocations.count();
            BOOST_TEST(ebbed);
            if (AllocationCounter::available()) BOOST_TEST(allocated == 0u);
        },
        RunOptions().debug(false));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
