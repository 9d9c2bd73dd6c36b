// LoopGroup: how its loops begin, and what its threads are to the process.
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cede/cede.hpp"
#include "support/captured.hpp"
#include "support/instrumentation.hpp"

using namespace cede;
using namespace std::chrono_literals;
using tests::message_of;

namespace {

std::string thread_name() {
    char name[16] = {};
    pthread_getname_np(pthread_self(), name, sizeof name);
    return name;
}

// Whether `f` is refused by a RuntimeError that speaks of the parent process.
template <class F>
bool left_to_parent(F f) {
    return tests::contains(message_of<RuntimeError>(f), "parent process");
}

// Tells when the body that has captured it is gone.
using Alive = std::shared_ptr<int>;

}  // namespace

BOOST_AUTO_TEST_SUITE(loop_group_start)

BOOST_AUTO_TEST_CASE(what_each_loop_needs_is_there_before_the_constructor_returns) {
    std::vector<int> made(3);
    LoopGroup group(3, LoopGroupOptions().name("web").debug(true).on_start([&](std::size_t index) {
        await(sleep(1ms));
        made[index] = 1;
    }));
    BOOST_TEST(made == std::vector<int>(3, 1));
    BOOST_TEST(group.submit(2, [] { return thread_name(); }).result() == "web2");
    BOOST_TEST(group.submit(2, [] { return get_running_loop().get_debug(); }).result());
    std::atomic<int> loops{0};
    LoopGroup special(2, LoopGroupOptions().loop_factory([&] {
        ++loops;
        return new_event_loop();
    }));
    BOOST_TEST(loops == 2);
}

BOOST_AUTO_TEST_CASE(an_error_at_the_start_of_a_loop_is_thrown_and_the_others_end) {
    const Alive alive = std::make_shared<int>();
    const auto starts = [&](std::size_t index) {
        const Alive held = alive;
        if (index == 1) throw std::domain_error("no database");
        await(sleep(1h));  // broken off
    };
    BOOST_CHECK_THROW(LoopGroup(3, LoopGroupOptions().on_start(starts)), std::domain_error);
    BOOST_TEST(alive.use_count() == 1);
    BOOST_CHECK_THROW(LoopGroup(2, LoopGroupOptions().on_start([](std::size_t) { throw SystemExit(2); })), SystemExit);
    std::atomic<int> made{0};
    BOOST_CHECK_THROW(LoopGroup(3, LoopGroupOptions().loop_factory([&]() -> std::unique_ptr<EventLoop> {
        if (++made == 2) throw std::runtime_error("no descriptor");
        return new_event_loop();
    })), std::runtime_error);
    BOOST_CHECK_THROW(LoopGroup(1, LoopGroupOptions().loop_factory([] { return std::unique_ptr<EventLoop>(); })), RuntimeError);
}

BOOST_AUTO_TEST_CASE(signals_are_the_main_threads) {
    LoopGroup group(2);
    sigset_t blocked = group.submit(0, [] {
        sigset_t mask;
        pthread_sigmask(SIG_BLOCK, nullptr, &mask);
        return mask;
    }).result();
    for (const int each : {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGUSR1, SIGALRM}) BOOST_TEST(sigismember(&blocked, each) == 1);
    for (const int each : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGPROF}) BOOST_TEST(sigismember(&blocked, each) == 0);
    pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    BOOST_TEST(sigismember(&blocked, SIGTERM) == 0);
    BOOST_CHECK_THROW(group.submit(0, [] { get_running_loop().add_signal_handler(SIGUSR1, [] {}); }).result(), RuntimeError);
    run([&] {
        Event arrived;
        get_running_loop().add_signal_handler(SIGUSR1, [&] { arrived.set(); });
        ::kill(::getpid(), SIGUSR1);
        await(wait_for(arrived.wait(), 10s));
    });
}

BOOST_AUTO_TEST_CASE(a_forked_child_has_no_group) {
    if (tests::under_tsan) return;  // which loses track of threads and fibers there
    auto group = std::unique_ptr<LoopGroup>(new LoopGroup(2));
    group->submit(0, [] {}).result();
    const pid_t pid = ::fork();
    if (pid == 0) {
        int wrong = 0;
        wrong += !left_to_parent([&] { group->post(0, [] {}); });
        wrong += !left_to_parent([&] { group->submit(1, [] {}); });
        wrong += !left_to_parent([&] { group->join(); });
        group->stop();
        group.reset();
        LoopGroup own(2);
        wrong += own.submit(1, [] { return 1; }).result() != 1;
        own.stop();
        own.join();
        ::_exit(wrong);
    }
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    BOOST_TEST(status == 0);
    BOOST_TEST(group->submit(1, [] { return 4; }).result() == 4);
}

BOOST_AUTO_TEST_SUITE_END()
