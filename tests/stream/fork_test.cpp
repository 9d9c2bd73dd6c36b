// A forked child of a program whose loop runs.
#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "cede/cede.hpp"
#include "support/instrumentation.hpp"

namespace cede {
namespace tests {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

// Runs `f`, which returns an exit status, in a forked child, here and now: for what run_in_child() avoids.
template <class F>
int in_forked_child(F f) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        int status = 99;
        try {
            status = f();
        } catch (...) {
            std::fprintf(stderr, "in the child: %s\n", describe_exception(std::current_exception()).c_str());
        }
        ::_exit(status);
    }
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// ThreadSanitizer does not let a forked child make threads, and loses track of its fibers.
bool forks_can_be_tested() {
    if (!under_tsan) return true;
    BOOST_TEST_MESSAGE("not under ThreadSanitizer");
    return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fork)

// UNIX-021
BOOST_AUTO_TEST_CASE(a_child_does_not_see_the_loop_of_its_parent) {
    if (!forks_can_be_tested()) return;
    const auto loop = new_event_loop();
    set_event_loop(loop.get());
    loop->run_until_complete([] {
        BOOST_TEST(in_forked_child([] {
            int seen = 0;
            for (const auto look : {+[] { get_running_loop(); }, +[] { get_event_loop(); }, +[] { await(sleep(0s)); }}) {
                try {
                    look();
                    ++seen;
                } catch (const RuntimeError&) {
                }
            }
            return seen;
        }) == 0);
        get_running_loop();  // still here
        await(sleep(0s));
        BOOST_TEST(static_cast<bool>(current_task()));
    });
    set_event_loop(nullptr);
}

// UNIX-021
BOOST_AUTO_TEST_CASE(a_child_can_run_a_loop_and_children_of_its_own) {
    if (!forks_can_be_tested()) return;
    cede::run([] {
        await(get_running_loop().getaddrinfo("localhost", 80));  // the threads of the parent's resolver stay with it
        BOOST_TEST(in_forked_child([] {
            return cede::run([] {
                await(sleep(1ms));
                await(get_running_loop().getaddrinfo("localhost", 80));
                const Process child = await(create_subprocess_shell("read line; test \"$line\" = go && exit 17",
                                                                    SubprocessOptions().stdin_(subprocess::PIPE)));
                await(child.communicate(std::string("go\n")));
                return child.returncode().value();
            });
        }) == 17);
        await(sleep(1ms));
    });
}

// UNIX-022
BOOST_AUTO_TEST_CASE(a_signal_to_a_child_does_not_reach_the_loop_of_its_parent) {
    if (!forks_can_be_tested()) return;
    cede::run([] {
        EventLoop& loop = get_running_loop();
        int handled = 0;
        loop.add_signal_handler(SIGTERM, [&] { ++handled; });
        BOOST_TEST(in_forked_child([] {
            return cede::run([] {
                const Future<void> arrived;
                get_running_loop().add_signal_handler(SIGTERM, [=] { arrived.set_result(); });
                ::kill(::getpid(), SIGTERM);
                await(arrived);
                return 5;
            });
        }) == 5);
        BOOST_TEST(in_forked_child([] {
            ::kill(::getpid(), SIGTERM);  // does what it does to any program
            return 6;
        }) == -SIGTERM);
        await(sleep(1ms));
        BOOST_TEST(handled == 0);
        ::kill(::getpid(), SIGTERM);
        while (handled == 0) await(sleep(0s));
        loop.remove_signal_handler(SIGTERM);
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
