// add_reader and its kin.
#include <boost/test/unit_test.hpp>

#include <memory>

#include <sys/socket.h>
#include <unistd.h>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace std::chrono_literals;
using selectors::EVENT_READ;
using selectors::EVENT_WRITE;
using testing::FakeSelector;

namespace {

constexpr int some_fd = 500;

struct Faked {
    FakeSelector* selector = new FakeSelector;
    testing::VirtualTimeLoop loop{testing::TestOptions().selector(
        [this] { return std::unique_ptr<selectors::BaseSelector>(selector); })};
    std::string order;
    void turn() {
        loop.stop();
        loop.run_forever();
    }
};

struct Pair {
    int ends[2];
    Pair() { BOOST_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0); }
    ~Pair() {
        for (int end : ends) ::close(end);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(descriptors, Faked)

BOOST_AUTO_TEST_CASE(TRANS_001_readers_and_writers_get_their_arguments_at_every_event) {
    loop.add_reader(some_fd, [&](const char* text) { order += text; }, "r");
    selector->set_ready(some_fd, EVENT_READ);
    turn();
    turn();
    BOOST_TEST(order == "rr");
    selector->set_ready(some_fd, 0);
    turn();
    BOOST_TEST(order == "rr");
    loop.add_writer(some_fd, [&](std::string text, int times) { order.append(static_cast<std::size_t>(times), text[0]); },
                    "w", 3);
    selector->set_ready(some_fd, EVENT_WRITE);
    turn();
    BOOST_TEST(order == "rrwww");
}

BOOST_AUTO_TEST_CASE(reader_and_writer_of_one_descriptor_are_independent) {
    selector->set_ready(some_fd, EVENT_READ | EVENT_WRITE);
    loop.add_reader(some_fd, [&] { order += 'r'; });
    loop.add_writer(some_fd, [&] { order += 'w'; });
    turn();
    BOOST_TEST(order == "rw");
    BOOST_TEST(loop.remove_reader(some_fd));
    BOOST_TEST(!loop.remove_reader(some_fd));
    turn();
    BOOST_TEST(order == "rww");
    BOOST_TEST(loop.remove_writer(some_fd));
    BOOST_TEST(!selector->get_map().contains(some_fd));
}

BOOST_AUTO_TEST_CASE(adding_again_replaces_the_callback_and_drops_the_old_one) {
    auto old = std::make_shared<int>(0);
    loop.add_reader(some_fd, [old] { ++*old; });
    loop.add_reader(some_fd, [&] { order += 'n'; });
    BOOST_TEST(old.use_count() == 1);
    selector->set_ready(some_fd, EVENT_READ);
    turn();
    BOOST_TEST(order == "n");
}

BOOST_AUTO_TEST_CASE(a_callback_that_is_removed_while_it_is_queued_does_not_run) {
    selector->set_ready(some_fd, EVENT_READ);
    selector->set_ready(some_fd + 1, EVENT_READ);
    loop.add_reader(some_fd, [&] {
        order += '1';
        loop.remove_reader(some_fd + 1);
    });
    loop.add_reader(some_fd + 1, [&] { order += '2'; });
    turn();
    BOOST_TEST(order == "1");
}

BOOST_AUTO_TEST_CASE(a_callback_may_remove_and_replace_itself) {
    auto captured = std::make_shared<int>(0);
    selector->set_ready(some_fd, EVENT_READ);
    loop.add_reader(some_fd, [this, captured] {
        loop.remove_reader(some_fd);
        loop.add_reader(some_fd, [this] {
            order += '2';
            loop.remove_reader(some_fd);
        });
        order += '1';
        ++*captured;  // still there, though removed
    });
    turn();
    turn();
    turn();
    BOOST_TEST(order == "12");
    BOOST_TEST(captured.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(a_destructor_that_adds_descriptors_meets_a_loop_in_order) {
    struct AddsAtEnd {
        EventLoop& loop;
        explicit AddsAtEnd(EventLoop& to) : loop(to) {}
        ~AddsAtEnd() { loop.add_reader(some_fd + 4000, [] {}); }  // the table of descriptors grows
    };
    loop.add_reader(some_fd, [last = std::make_shared<AddsAtEnd>(loop)] {});
    loop.add_reader(some_fd, [&] { order += 'n'; });
    BOOST_TEST(selector->get_map().contains(some_fd + 4000));
    loop.add_writer(some_fd, [last = std::make_shared<AddsAtEnd>(loop)] {});
    loop.remove_writer(some_fd);
    selector->set_ready(some_fd, EVENT_READ | EVENT_WRITE);
    turn();
    BOOST_TEST(order == "n");
}

BOOST_AUTO_TEST_CASE(what_a_reader_throws_is_reported_and_it_stays) {
    tests::CapturedReports reports(loop);
    loop.add_reader(some_fd, [] { throw std::domain_error("x"); });
    selector->set_ready(some_fd, EVENT_READ);
    turn();
    turn();
    BOOST_TEST(reports.all.size() == 2u);
}

BOOST_AUTO_TEST_CASE(an_event_that_an_interrupt_cut_off_runs_once) {
    loop.call_soon([] { throw KeyboardInterrupt(); });
    loop.add_reader(some_fd, [&] {
        order += 'r';
        selector->set_ready(some_fd, 0);
    });
    selector->set_ready(some_fd, EVENT_READ);
    BOOST_CHECK_THROW(loop.run_forever(), KeyboardInterrupt);
    BOOST_TEST(order == "");
    turn();
    turn();
    BOOST_TEST(order == "r");
}

BOOST_AUTO_TEST_CASE(TRANS_003_bad_descriptors_are_refused) {
    BOOST_CHECK_THROW(loop.add_reader(-1, [] {}), std::invalid_argument);
    BOOST_CHECK_THROW(loop.add_writer(-1, [] {}), std::invalid_argument);
    BOOST_CHECK_THROW(loop.remove_reader(-1), std::invalid_argument);
    BOOST_CHECK_THROW(loop.remove_writer(-1), std::invalid_argument);
    BOOST_TEST(!loop.remove_reader(123456));
    BOOST_TEST(!loop.remove_writer(123456));
    auto real = new_event_loop();
    Pair pair;
    const int gone = dup(pair.ends[0]);
    ::close(gone);
    BOOST_CHECK_THROW(real->add_reader(gone, [] {}), std::system_error);
    BOOST_TEST(!real->remove_reader(gone));
    BOOST_CHECK_THROW(real->add_writer(gone, [] {}), std::system_error);
}

BOOST_AUTO_TEST_CASE(TRANS_004_a_closed_loop_adds_nothing_and_removes_nothing) {
    Pair pair;
    auto real = new_event_loop();
    real->add_reader(pair.ends[0], [&] { order += 'r'; });
    real->add_writer(pair.ends[0], [&] { order += 'w'; });
    real->close();
    BOOST_CHECK_THROW(real->add_reader(pair.ends[0], [] {}), RuntimeError);
    BOOST_CHECK_THROW(real->add_writer(pair.ends[0], [] {}), RuntimeError);
    BOOST_TEST(!real->remove_reader(pair.ends[0]));
    BOOST_TEST(!real->remove_writer(pair.ends[0]));
    BOOST_TEST(!real->remove_reader(-1));
    BOOST_TEST(order == "");
}

BOOST_AUTO_TEST_CASE(a_number_that_is_used_again_does_not_get_the_old_events) {
    auto real = new_event_loop();
    Pair first;
    BOOST_TEST(::write(first.ends[1], "x", 1) == 1);
    const int number = dup(first.ends[0]);
    real->add_reader(number, [&] { order += 'o'; });
    real->remove_reader(number);
    ::close(number);
    Pair second;
    BOOST_REQUIRE(dup2(second.ends[0], number) == number);
    real->add_reader(number, [&] { order += 'n'; });
    real->stop();
    real->run_forever();
    BOOST_TEST(order == "");
    BOOST_TEST(::write(second.ends[1], "x", 1) == 1);
    real->stop();
    real->run_forever();
    BOOST_TEST(order == "n");
    real->remove_reader(number);
    ::close(number);
}

BOOST_AUTO_TEST_SUITE_END()
