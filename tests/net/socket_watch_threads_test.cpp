// Sockets that lie idle in one loop's selector, or are waited for there, while another thread or loop uses or closes them.
#include "net/socket_watch_fixtures.hpp"
#include "support/faults/system_calls.hpp"

#include <thread>

#include "cede/task/to_thread.hpp"
#include "support/instrumentation.hpp"

namespace cede {
namespace tests {

BOOST_AUTO_TEST_SUITE(socket_watch)

// The other thread cannot touch the loop's books, and nothing it leaves in the kernel could be taken out later.
BOOST_AUTO_TEST_CASE(another_thread_may_close_a_socket_whose_file_lives_on) {
    for (const bool waits : {false, true}) {
        cede::run([=] {
            Ends ends = Socket::pair();
            receive_once(ends);
            Task<std::string> reading;
            if (waits) {
                reading = create_task(get_running_loop().sock_recv(ends.first, 10));
                await(sleep(Duration()));
            }
            const Socket duplicate = ends.first.dup();
            std::thread([&] { ends.first.close(); }).join();
            put(ends.second, "x");
            const CallCounter rounds(SystemCall::epoll_wait);
            for (int i = 0; i < 5; ++i) await(sleep(std::chrono::milliseconds(1)));
            BOOST_TEST(rounds.count() < 20);
            if (waits) BOOST_CHECK_EXCEPTION(await(reading), std::system_error, is_bad_descriptor);
            const Ends rest{duplicate.dup(), std::move(ends.second)};
            BOOST_TEST(await(get_running_loop().sock_recv(rest.first, 10)) == "x");
            receive_once(rest);
        });
    }
}

// It takes out of this loop only what is its own.
BOOST_AUTO_TEST_CASE(a_reader_here_stays_when_another_thread_waits_for_the_socket_there) {
    cede::run([] {
        EventLoop& loop = get_running_loop();
        const Ends ends = Socket::pair();
        const std::string bytes(1 << 20, 'x');
        for (const bool beside : {false, true}) {
            receive_once(ends);
            Task<void> sending;
            if (beside) {
                sending = create_task(loop.sock_sendall(ends.first, bytes));
                await(sleep(Duration()));
            }
            int calls = 0;
            loop.add_reader(ends.first.fd(), [&] {
                ++calls;
                loop.remove_reader(ends.first.fd());
            });
            std::thread([&] {
                cede::run([&] {
                    const Task<std::string> reading = create_task(get_running_loop().sock_recv(ends.first, 10));
                    await(sleep(Duration()));
                    reading.cancel();
                    BOOST_CHECK_THROW(await(reading), CancelledError);
                });
            }).join();
            if (beside) BOOST_CHECK_EXCEPTION(await(sending), std::system_error, is_bad_descriptor);
            put(ends.second, "x");
            BOOST_TEST(until([&] { return calls == 1; }));
            BOOST_TEST(await(loop.sock_recv(ends.first, 10)) == "x");
        }
    });
}

BOOST_AUTO_TEST_CASE(a_loop_closes_while_another_thread_closes_its_sockets) {
    for (int round = 0; round < scaled(200, 50); ++round) {
        const std::unique_ptr<EventLoop> loop = new_event_loop();
        std::vector<Ends> idle;
        for (int i = 0; i < 5; ++i) idle.push_back(Socket::pair());
        loop->run_until_complete([&] {
            for (const Ends& each : idle) receive_once(each);
        });
        std::thread closing([&] { idle.clear(); });
        loop->close();
        closing.join();
    }
}

BOOST_AUTO_TEST_CASE(another_thread_may_close_it) {
    for (const bool waits : {false, true}) {
        cede::run([=] {
            EventLoop& loop = get_running_loop();
            Ends ends = Socket::pair();
            receive_once(ends);
            Task<std::string> reading;
            if (waits) {
                reading = create_task(loop.sock_recv(ends.first, 10));
                await(sleep(Duration()));
            }
            const int number = ends.first.fd();
            std::thread([&] { ends.first.close(); }).join();
            Ends next = Socket::pair();
            const Socket& reused = next.first.fd() == number ? next.first : next.second;
            const Socket& peer = next.first.fd() == number ? next.second : next.first;
            BOOST_TEST(reused.fd() == number);
            const Task<std::string> reading_next = create_task(loop.sock_recv(reused, 10));
            settle();
            if (waits) BOOST_CHECK_THROW(await(reading), std::exception);
            put(peer, "new");
            BOOST_TEST(await(reading_next) == "new");
        });
    }
}

BOOST_AUTO_TEST_CASE(who_waits_gets_ebadf_when_another_thread_closes_it) {
    cede::run([] {
        Ends ends = Socket::pair();
        const Task<std::string> reading = create_task(get_running_loop().sock_recv(ends.first, 10));
        await(sleep(Duration()));
        std::thread([&] { ends.first.close(); }).join();
        BOOST_CHECK_EXCEPTION(await(reading), std::system_error, is_bad_descriptor);
    });
}

// From one loop to the next, in this thread or in another, with the first still there, closed, or gone.
BOOST_AUTO_TEST_CASE(a_socket_goes_from_loop_to_loop) {
    const Ends ends = Socket::pair();
    const auto once = [&](EventLoop& loop) { loop.run_until_complete([&] { receive_once(ends); }); };
    {
        const auto first = new_event_loop(), second = new_event_loop();
        for (int i = 0; i < 3; ++i) {
            once(*first);
            once(*second);
        }
        std::thread([&] { once(*new_event_loop()); }).join();
        once(*first);
        second->close();
        once(*first);
    }
    once(*new_event_loop());
}

BOOST_AUTO_TEST_CASE(another_thread_uses_it_while_it_lies_idle_here) {
    cede::run([] {
        Ends ends = Socket::pair();
        for (int i = 0; i < 20; ++i) {
            receive_once(ends);
            await(to_thread([&] { cede::run([&] { receive_once(ends); }); }));
        }
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
