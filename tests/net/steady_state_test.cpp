// What one message costs once a connection is up.
#include "net/player.hpp"
#include "support/faults/system_calls.hpp"

#include "support/allocation_counter.hpp"

namespace cede {
namespace tests {

BOOST_AUTO_TEST_SUITE(steady_state)

BOOST_AUTO_TEST_CASE(an_echoed_message_costs_one_recv_one_send_and_nothing_else) {
    cede::run(
        [] {
            auto ends = tcp_pair();
            EventLoop& loop = get_running_loop();
            const auto player = std::make_shared<Player>();
            await(loop.connect_accepted_socket([] { return std::make_shared<Echo>(); }, std::move(ends.first)));
            await(loop.connect_accepted_socket(factory_of(player), std::move(ends.second)));
            play(*player, 100);
            const CallCounter recvs(SystemCall::recv), sends(SystemCall::send), changes(SystemCall::epoll_ctl);
            const CallCounter vectored(SystemCall::sendmsg);
            constexpr int messages = 1000;
            const AllocationCounter allocations;
            play(*player, messages);
            const std::size_t allocated = allocations.count();
            // Each message is received and sent on both sides.
            BOOST_TEST(sends.count() == 2 * (messages + 1));
            BOOST_TEST(recvs.count() == 2 * (messages + 1));
            BOOST_TEST(vectored.count() == 0);
            BOOST_TEST(changes.count() == 0);
            if (AllocationCounter::available()) BOOST_TEST(allocated == 0u);
            player->transport->abort();
        },
        RunOptions().debug(false));
}

// Pausing and resuming around each message, as streams do, changes the registration only when data comes meanwhile.
BOOST_AUTO_TEST_CASE(pausing_and_resuming_costs_no_system_call_by_itself) {
    in_loop([] {
        Connected<> c;
        c.protocol->on_data = [&] {
            c.transport->pause_reading();
            c.transport->resume_reading();
        };
        const CallCounter changes(SystemCall::epoll_ctl);
        for (int i = 0; i < 10; ++i) {
            c.peer_sends("x");
            BOOST_TEST(until([&] { return c.protocol->reads == i + 1; }));
        }
        BOOST_TEST(changes.count() == 0);
        c.transport->abort();
    });
}

// Many small writes to a peer that does not read are few system calls when it does.
BOOST_AUTO_TEST_CASE(buffered_small_writes_are_sent_together) {
    in_loop([] {
        Connected<> c;
        const CallCounter vectored(SystemCall::sendmsg);
        {
            const FailingCall full(SystemCall::send, EAGAIN);
            for (int i = 0; i < 1000; ++i) c.transport->write("a small write\n");
        }
        BOOST_TEST(until([&] { return c.transport->get_write_buffer_size() == 0; }));
        BOOST_TEST(vectored.count() == 1);
        BOOST_TEST(c.peer_receives().size() == 14000u);
        c.transport->abort();
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
