// What the sockets of loop.sock_* leave in the selector between two waits, and who may have the descriptor then.
#include "net/socket_watch_fixtures.hpp"
#include "support/faults/system_calls.hpp"

#include <poll.h>
#include <sys/wait.h>

#include "cede/loop/run_in_executor.hpp"
#include "cede/selectors/selectors.hpp"
#include "cede/task/task.hpp"
#include "cede/testing/testing.hpp"
#include "support/allocation_counter.hpp"
#include "support/instrumentation.hpp"

namespace cede {
namespace tests {
namespace {

bool is_displaced(const RuntimeError& error) { return std::string(error.what()).find("displaced") != std::string::npos; }

// Closes a descriptor behind the back of its Socket, and has `other` take its number.
void reuse(const Socket& socket, Socket& other) {
    const int number = socket.fd();
    const int taken = other.release();
    BOOST_REQUIRE(::dup2(taken, number) == number);
    ::close(taken);
    other = Socket::from_fd(number);
}

void echo(const Socket& socket, int messages) {
    char buffer[100];
    for (int i = 0; i < messages; ++i) {
        const std::size_t got = await(get_running_loop().sock_recv_into(socket, absl::MakeSpan(buffer)));
        await(get_running_loop().sock_sendall(socket, absl::string_view(buffer, got)));
    }
}

void ask(const Socket& socket, int messages) {
    char buffer[100];
    for (int i = 0; i < messages; ++i) {
        await(get_running_loop().sock_sendall(socket, "a message of some forty bytes or so, say"));
        await(get_running_loop().sock_recv_into(socket, absl::MakeSpan(buffer)));
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(socket_watch)

BOOST_AUTO_TEST_CASE(messages_to_and_fro_cost_no_epoll_ctl_and_no_allocation) {
    cede::run(
        [] {
            constexpr int warm_up = 100, messages = 1000;
            const Ends ends = Socket::pair();
            const Task<void> echoing = create_task([&] { echo(ends.first, warm_up + messages); });
            ask(ends.second, warm_up);
            const CallCounter changes(SystemCall::epoll_ctl), sends(SystemCall::send), recvs(SystemCall::recv);
            const AllocationCounter allocations;
            ask(ends.second, messages);
            const std::size_t allocated = allocations.count();
            BOOST_TEST(changes.count() == 0);
            if (AllocationCounter::available()) BOOST_TEST(allocated == 0u);
            BOOST_TEST(sends.count() == 2 * messages);
            BOOST_TEST(recvs.count() <= 4 * messages);  // each is tried before it is waited for
            await(echoing);
        },
        RunOptions().debug(false));
}

// More at a time than the loop runs between two looks: it is told of them again before they have read.
BOOST_AUTO_TEST_CASE(many_messages_at_once_are_each_waited_for_once) {
    cede::run(
        [] {
            constexpr int pairs = 100, warm_up = 10, messages = 50;
            std::vector<Ends> ends;
            std::vector<Task<void>> echoing, asking;
            for (int i = 0; i < pairs; ++i) ends.push_back(Socket::pair());
            for (Ends& each : ends) echoing.push_back(create_task([&] { echo(each.first, warm_up + messages); }));
            for (Ends& each : ends) asking.push_back(create_task([&] { ask(each.second, warm_up); }));
            for (const Task<void>& each : asking) await(each);
            const CallCounter changes(SystemCall::epoll_ctl), recvs(SystemCall::recv);
            asking.clear();
            for (Ends& each : ends) asking.push_back(create_task([&] { ask(each.second, messages); }));
            for (const Task<void>& each : asking) await(each);
            BOOST_TEST(changes.count() == 0);
            BOOST_TEST(recvs.count() <= 4 * pairs * messages);
            for (const Task<void>& each : echoing) await(each);
        },
        RunOptions().debug(false));
}

BOOST_AUTO_TEST_CASE(connections_that_are_accepted_one_after_the_other_cost_no_epoll_ctl_of_the_listener) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        Socket listener(AF_INET, SOCK_STREAM);
        listener.bind(SocketAddress("127.0.0.1", 0));
        listener.listen(10);
        const auto accept_one = [&] {
            Task<std::pair<Socket, SocketAddress>> accepting = create_task(loop.sock_accept(listener));
            await(sleep(Duration()));
            const int client = ::socket(AF_INET, SOCK_STREAM, 0);
            const SocketAddress to = listener.local_address();
            BOOST_REQUIRE(::connect(client, to.data(), to.size()) == 0);
            await(std::move(accepting));
            ::close(client);
        };
        accept_one();
        const CallCounter changes(SystemCall::epoll_ctl);
        for (int i = 0; i < 10; ++i) accept_one();
        BOOST_TEST(changes.count() == 0);
    });
}

// Waiting to write, again and again, keeps its registration too.
BOOST_AUTO_TEST_CASE(a_long_send_registers_once) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Ends ends = Socket::pair();
        const std::string bytes(8 << 20, 'x');
        const Task<std::size_t> receiving = create_task([&] {
            std::size_t all = 0;
            while (all < bytes.size()) all += await(loop.sock_recv(ends.second, 1 << 16)).size();
            return all;
        });
        const CallCounter changes(SystemCall::epoll_ctl), sends(SystemCall::send);
        await(loop.sock_sendall(ends.first, bytes));
        BOOST_TEST(await(receiving) == bytes.size());
        BOOST_TEST(sends.count() > 20);
        BOOST_TEST(changes.count() < sends.count() / 4);
    });
}

BOOST_AUTO_TEST_CASE(an_event_that_nobody_awaits_takes_the_socket_out_of_the_selector_once) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Ends ends = Socket::pair();
        receive_once(ends);
        const CallCounter changes(SystemCall::epoll_ctl), waits(SystemCall::epoll_wait);
        put(ends.second, "later");
        settle();
        BOOST_TEST(changes.count() == 1);
        await(sleep(std::chrono::milliseconds(5)));
        BOOST_TEST(waits.count() < 100);  // and it does not keep the loop awake
        BOOST_TEST(await(loop.sock_recv(ends.first, 10)) == "later");
        BOOST_TEST(changes.count() == 1);
        receive_once(ends);  // back again
        BOOST_TEST(changes.count() == 2);
    });
}

// Of a coroutine that is stepped by hand, and not again once it could go on; as it is with one whose stack is given up.
BOOST_AUTO_TEST_CASE(who_was_woken_and_never_runs_does_not_keep_the_loop_awake) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Ends ends = Socket::pair();
        Coroutine<std::string> left = loop.sock_recv(ends.first, 10);
        left.send();
        const CallCounter changes(SystemCall::epoll_ctl), waits(SystemCall::epoll_wait);
        put(ends.second, "x");
        settle();
        BOOST_TEST(changes.count() == 1);
        for (int i = 0; i < 5; ++i) await(sleep(std::chrono::milliseconds(1)));
        BOOST_TEST(waits.count() < 530);
        BOOST_TEST(await(loop.sock_recv(ends.first, 10)) == "x");
        receive_once(ends);
        receive_once(ends);
    });
}

BOOST_AUTO_TEST_CASE(who_was_woken_and_never_runs_does_not_keep_the_next_from_it) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Ends ends = Socket::pair();
        Coroutine<std::string> left = loop.sock_recv(ends.first, 10);
        left.send();
        const Task<std::string> next = create_task(loop.sock_recv(ends.first, 10));
        await(sleep(Duration()));
        put(ends.second, "x");
        BOOST_TEST(until([&] { return next.done(); }));
        if (next.done()) BOOST_TEST(await(next) == "x");
    });
}

BOOST_AUTO_TEST_CASE(a_hang_up_that_nobody_awaits_does_not_keep_the_loop_awake) {
    in_loop([] {
        Ends ends = Socket::pair();
        receive_once(ends);
        ends.second.close();
        const CallCounter waits(SystemCall::epoll_wait);
        for (int i = 0; i < 5; ++i) await(sleep(std::chrono::milliseconds(1)));
        BOOST_TEST(waits.count() < 20);
        BOOST_TEST(await(get_running_loop().sock_recv(ends.first, 10)) == "");
    });
}

BOOST_AUTO_TEST_CASE(a_selector_without_a_set_in_the_kernel_is_left_at_once) {
    for (const auto make : {+[] { return std::unique_ptr<selectors::BaseSelector>(new selectors::PollSelector()); },
                            +[] { return std::unique_ptr<selectors::BaseSelector>(new selectors::SelectSelector()); }}) {
        std::unique_ptr<selectors::BaseSelector> made = make();
        selectors::BaseSelector& selector = *made;
        SelectorEventLoop loop(std::move(made));
        loop.run_until_complete([&] {
            const Ends ends = Socket::pair();
            const Task<std::string> reading = create_task(get_running_loop().sock_recv(ends.first, 10));
            await(sleep(Duration()));
            BOOST_TEST(selector.get_map().contains(ends.first.fd()));
            put(ends.second, "x");
            BOOST_TEST(await(reading) == "x");
            BOOST_TEST(!selector.get_map().contains(ends.first.fd()));
            const Task<void> echoing = create_task([&] { echo(ends.first, 10); });
            ask(ends.second, 10);
            await(echoing);
        });
    }
}

BOOST_AUTO_TEST_CASE(add_reader_takes_the_place_of_who_waits_and_the_other_way_round) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Ends ends = Socket::pair();
        int calls = 0;
        for (int round = 0; round < 3; ++round) {
            const Task<std::string> reading = create_task(loop.sock_recv(ends.first, 10));
            await(sleep(Duration()));
            BOOST_TEST(!loop.remove_reader(ends.first.fd()));  // there is none, and who waits is let be
            loop.add_reader(ends.first.fd(), [&] {
                ++calls;
                char byte;
                BOOST_TEST(::recv(ends.first.fd(), &byte, 1, 0) == 1);
            });
            BOOST_CHECK_EXCEPTION(await(reading), RuntimeError, is_displaced);
            put(ends.second, "x");
            BOOST_TEST(until([&] { return calls == round + 1; }));
            receive_once(ends);
            BOOST_TEST(!loop.remove_reader(ends.first.fd()));
        }
        loop.add_reader(ends.first.fd(), [&] {});  // of an idle one
        BOOST_TEST(loop.remove_reader(ends.first.fd()));
        receive_once(ends);
    });
}

BOOST_AUTO_TEST_CASE(a_reader_beside_a_send_that_waits) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Ends ends = Socket::pair();
        const std::string bytes(1 << 20, 'x');
        const Task<void> sending = create_task(loop.sock_sendall(ends.first, bytes));
        await(sleep(Duration()));
        std::string got;
        loop.add_reader(ends.first.fd(), [&] {
            char byte;
            if (::recv(ends.first.fd(), &byte, 1, 0) == 1) got += byte;
        });
        put(ends.second, "ab");
        BOOST_TEST(until([&] { return got == "ab"; }));
        BOOST_TEST(!sending.done());
        std::size_t all = 0;
        while (all < bytes.size()) all += await(loop.sock_recv(ends.second, 1 << 16)).size();
        await(sending);
        put(ends.second, "c");
        BOOST_TEST(until([&] { return got == "abc"; }));
        BOOST_TEST(loop.remove_reader(ends.first.fd()));
    });
}

// Misuse: closed by close(2), or replaced by dup2(2), and the number is another socket's, with an idle registration or one
// that somebody waits on.
BOOST_AUTO_TEST_CASE(the_next_socket_with_the_number_gets_its_own_events) {
    for (const bool waits : {false, true}) {
        in_loop([=] {
            EventLoop& loop = get_running_loop();
            Ends old = Socket::pair(), next = Socket::pair();
            receive_once(old);
            Task<std::string> reading;
            if (waits) {
                reading = create_task(loop.sock_recv(old.first, 10));
                await(sleep(Duration()));
            }
            reuse(old.first, next.first);
            const Task<std::string> reading_next = create_task(loop.sock_recv(next.first, 10));
            await(sleep(Duration()));
            if (waits) BOOST_CHECK_EXCEPTION(await(reading), RuntimeError, is_displaced);
            put(next.second, "new");
            BOOST_TEST(await(reading_next) == "new");
            next.first.release();  // the number is closed by its first owner
        });
    }
}

BOOST_AUTO_TEST_CASE(a_reader_of_the_next_file_with_the_number_is_called) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        Ends old = Socket::pair(), next = Socket::pair();
        receive_once(old);
        reuse(old.first, next.first);
        int calls = 0;
        loop.add_reader(next.first.fd(), [&] {
            ++calls;
            loop.remove_reader(next.first.fd());
        });
        put(next.second, "new");
        BOOST_TEST(until([&] { return calls == 1; }));
        next.first.release();
    });
}

BOOST_AUTO_TEST_CASE(a_transport_takes_an_idle_socket_over) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        Ends ends = Socket::pair();
        receive_once(ends);
        const Task<std::string> reading = create_task(loop.sock_recv(ends.first, 10));
        await(sleep(Duration()));
        const auto protocol = std::make_shared<Recording>();
        await(loop.connect_accepted_socket(factory_of(protocol), std::move(ends.first)));
        BOOST_CHECK_EXCEPTION(await(reading), RuntimeError, is_displaced);
        put(ends.second, "to the transport");
        BOOST_TEST(until([&] { return protocol->data == "to the transport"; }));
        protocol->transport->write("back");
        BOOST_TEST(await(loop.sock_recv(ends.second, 10)) == "back");
        protocol->transport->close();
        BOOST_TEST(await(loop.sock_recv(ends.second, 10)) == "");
    });
}

BOOST_AUTO_TEST_CASE(a_released_descriptor_is_out_of_the_selector) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        Ends ends = Socket::pair();
        receive_once(ends);
        const CallCounter changes(SystemCall::epoll_ctl);
        Socket same = Socket::from_fd(ends.first.release());
        BOOST_TEST(changes.count() == 1);
        put(ends.second, "x");
        settle();
        BOOST_TEST(changes.count() == 1);
        BOOST_TEST(await(loop.sock_recv(same, 10)) == "x");
        receive_once({std::move(same), std::move(ends.second)});
    });
}

// The system keeps a closed file in the set while a duplicate lives: the loop must have taken it out before.
BOOST_AUTO_TEST_CASE(a_closed_socket_whose_file_lives_on_does_not_keep_the_loop_awake) {
    in_loop([] {
        Ends ends = Socket::pair();
        receive_once(ends);
        const Socket duplicate = ends.first.dup();
        ends.first.close();
        put(ends.second, "x");
        const CallCounter waits(SystemCall::epoll_wait);
        for (int i = 0; i < 5; ++i) await(sleep(std::chrono::milliseconds(1)));
        BOOST_TEST(waits.count() < 20);
    });
}

BOOST_AUTO_TEST_CASE(a_socket_outlives_the_loop_that_waited_for_it) {
    const int before = open_descriptors();
    for (const bool destroyed : {false, true}) {
        Ends ends = Socket::pair();
        std::unique_ptr<EventLoop> loop = new_event_loop();
        loop->run_until_complete([&] { receive_once(ends); });
        loop->close();
        if (destroyed) loop.reset();
        ends.first.close();
    }
    BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(a_loop_closes_while_a_socket_is_waited_for) {
    Ends ends = Socket::pair();
    int unwound = 0;
    {
        const std::unique_ptr<EventLoop> loop = new_event_loop();
        loop->set_exception_handler([](EventLoop&, const ExceptionContext&) {});
        Task<void> waiting;
        loop->run_until_complete([&] {
            receive_once(ends);
            waiting = create_task([&] {
                struct Counts {
                    int& count;
                    ~Counts() { ++count; }
                } const counts{unwound};
                await(get_running_loop().sock_recv(ends.first, 10));
            });
            await(sleep(Duration()));
        });
        loop->close();
    }
    BOOST_TEST(unwound == 1);
    cede::run([&] { receive_once(ends); });
}

// Its epoll is one with the parent's.
BOOST_AUTO_TEST_CASE(a_forked_child_that_closes_its_copy_takes_nothing_from_the_parent) {
    if (under_tsan) {  // which loses track of its fibers there
        BOOST_TEST_MESSAGE("not under ThreadSanitizer");
        return;
    }
    in_loop([] {
        EventLoop& loop = get_running_loop();
        Ends ends = Socket::pair();
        receive_once(ends);
        const Task<std::string> reading = create_task(loop.sock_recv(ends.first, 10));
        await(sleep(Duration()));
        const pid_t child = ::fork();
        if (child == 0) {
            ends.first.close();
            ::_exit(0);
        }
        int status = 0;
        BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
        BOOST_TEST(status == 0);
        put(ends.second, "still mine");
        BOOST_TEST(await(reading) == "still mine");
    });
}

// A host that waits for the loop's descriptor is woken once by an event that nobody awaits.
BOOST_AUTO_TEST_CASE(inside_a_host_an_idle_socket_is_no_reason_to_poll_for_ever) {
    const std::unique_ptr<EventLoop> loop = new_event_loop();
    const Ends ends = Socket::pair();
    loop->run_until_complete([&] { receive_once(ends); });
    const auto host_is_woken = [&] {
        pollfd waits{loop->backend_fd(), POLLIN, 0};
        return ::poll(&waits, 1, 0) == 1;
    };
    for (int i = 0; i < 10 && host_is_woken(); ++i) loop->poll_once();
    BOOST_TEST(!host_is_woken());
    put(ends.second, "x");
    BOOST_TEST(host_is_woken());
    loop->poll_once();
    BOOST_TEST(!host_is_woken());
}

// What is registered but not awaited will never let a test go on.
BOOST_AUTO_TEST_CASE(an_idle_socket_does_not_hide_a_deadlock_from_a_virtual_clock) {
    const auto stuck = [] {
        const Ends ends = Socket::pair();
        receive_once(ends);
        await(Future<void>());
    };
    BOOST_CHECK_THROW(testing::run(stuck), testing::DeadlockError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
