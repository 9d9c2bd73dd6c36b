// Child processes with streams.
#include "stream/fixtures.hpp"
#include "stream/sockets.hpp"

#include <csignal>
#include <thread>

#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "cede/net/net.hpp"
#include "cede/stream/streams.hpp"
#include "cede/task/gather.hpp"
#include "cede/task/timeout.hpp"
#include "cede/testing/interrupt.hpp"
#include "support/children.hpp"

namespace cede {
namespace tests {
namespace {

using subprocess::DEVNULL;
using subprocess::PIPE;
using subprocess::STDOUT;

// On the real clock, since children know no other.
template <class F>
auto in_loop(F f) -> decltype(f()) {
    return cede::run(
        [f = std::move(f)]() mutable {
            get_running_loop().slow_callback_duration = std::chrono::hours(1);
            return f();
        },
        RunOptions().debug(true));
}

SubprocessOptions piped() { return SubprocessOptions().stdin_(PIPE).stdout_(PIPE); }
Process shell(const std::string& command, SubprocessOptions options = piped()) {
    return await(create_subprocess_shell(command, std::move(options)));
}
std::string output_of(const std::string& command, SubprocessOptions options = SubprocessOptions().stdout_(PIPE)) {
    return await(shell(command, std::move(options)).communicate()).first.value();
}

template <class F>
std::error_code code_of(F f) {
    try {
        f();
    } catch (const std::system_error& error) {
        return error.code();
    }
    return std::error_code();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(subprocess_streams)

// PROC-001
BOOST_AUTO_TEST_CASE(a_child_is_written_to_read_and_waited_for) {
    in_loop([] {
        const Process cat = await(create_subprocess_exec({"cat", "-"}, piped()));
        BOOST_TEST(cat.pid() > 0);
        BOOST_TEST(!cat.returncode());
        cat.stdin_().write("some data");
        await(cat.stdin_().drain());
        cat.stdin_().close();
        BOOST_TEST(await(cat.stdout_().read()) == "some data");
        BOOST_TEST(await(cat.wait()) == 0);
        BOOST_TEST(cat.returncode().value() == 0);
        await(cat.stdin_().wait_closed());
        BOOST_TEST(!cat.stderr_());
    });
}

// PROC-001
BOOST_AUTO_TEST_CASE(communicate_sends_and_receives_all) {
    in_loop([] {
        const Process cat = await(create_subprocess_exec("cat", "-", piped()));
        const Process::Output output = await(cat.communicate(std::string("some data")));
        BOOST_TEST(output.first.value() == "some data");
        BOOST_TEST(cat.returncode().value() == 0);
    });
}

// PROC-002
BOOST_AUTO_TEST_CASE(a_stream_without_a_pipe_is_reported_as_none) {
    in_loop([] {
        Process::Output output = await(shell("echo out; echo err >&2", SubprocessOptions().stdout_(PIPE).stderr_(DEVNULL))
                                           .communicate());
        BOOST_TEST(output.first.value() == "out\n");
        BOOST_TEST(!output.second);
        output = await(shell("echo out; echo err >&2", SubprocessOptions().stdout_(DEVNULL).stderr_(PIPE)).communicate());
        BOOST_TEST(!output.first);
        BOOST_TEST(output.second.value() == "err\n");
        const Process neither = shell("exit 4", SubprocessOptions());
        output = await(neither.communicate());
        BOOST_TEST((!output.first && !output.second && !neither.stdin_()));
        BOOST_TEST(neither.returncode().value() == 4);
        BOOST_TEST(error_of([&] { await(neither.communicate(std::string("x"))); }).find("stdin_(subprocess::PIPE)") !=
                   std::string::npos);
    });
}

// PROC-003
BOOST_AUTO_TEST_CASE(an_input_from_nowhere_is_empty) {
    in_loop([] { BOOST_TEST(output_of("cat; echo end", SubprocessOptions().stdin_(DEVNULL).stdout_(PIPE)) == "end\n"); });
}

// PROC-004
BOOST_AUTO_TEST_CASE(the_shell_runs_a_command_and_gives_its_status) {
    in_loop([] {
        BOOST_TEST(await(shell("exit 7").wait()) == 7);
        BOOST_TEST(await(shell("no_such_command_1 2>/dev/null").wait()) == 127);
        BOOST_TEST(output_of("echo \"$0\" a  b", SubprocessOptions().stdout_(PIPE).executable("/bin/sh")) == "/bin/sh a b\n");
        // A shell goes by the name that it is called by.
        BOOST_TEST(output_of("echo \"$0\"", SubprocessOptions().stdout_(PIPE).executable("/bin/../bin/sh")) ==
                   "/bin/../bin/sh\n");
    });
}

// PROC-005, PROC-006
BOOST_AUTO_TEST_CASE(a_signal_is_the_return_code_negated) {
    in_loop([] {
        const Process killed = await(create_subprocess_exec("sleep", "1000"));
        BOOST_TEST(!killed.returncode());
        killed.kill();
        BOOST_TEST(await(killed.wait()) == -SIGKILL);
        const Process terminated = await(create_subprocess_exec("sleep", "1000"));
        terminated.terminate();
        BOOST_TEST(await(terminated.wait()) == -SIGTERM);
        const Process hung_up = shell("echo ready; exec sleep 1000");
        BOOST_TEST(await(hung_up.stdout_().readline()) == "ready\n");
        hung_up.send_signal(SIGHUP);
        BOOST_TEST(await(hung_up.wait()) == -SIGHUP);
        BOOST_TEST(hung_up.returncode().value() == -SIGHUP);
    });
}

// PROC-007
BOOST_AUTO_TEST_CASE(many_tasks_wait_and_all_get_the_code) {
    in_loop([] {
        const Process child = shell("read line; exit 3");
        std::vector<Task<int>> waiters;
        for (int i = 0; i < 10; ++i) waiters.push_back(create_task(child.wait()));
        settle();
        waiters[4].cancel();
        settle();
        BOOST_TEST(!child.returncode());
        child.stdin_().write("go\n");
        for (int i = 0; i < 10; ++i) {
            if (i != 4) BOOST_TEST(await(waiters[static_cast<std::size_t>(i)]) == 3);
        }
        BOOST_TEST(waiters[4].cancelled());
        BOOST_TEST(await(child.wait()) == 3);
        BOOST_TEST(await(child.wait()) == 3);
    });
}

// PROC-008
BOOST_AUTO_TEST_CASE(a_cancelled_creation_leaves_no_child) {
    const int before = open_descriptors();
    const std::size_t points = testing::cancel_at_every_await(
        [] {
            const Process child =
                await(create_subprocess_exec("sleep", "1000", SubprocessOptions().stdin_(PIPE).stdout_(PIPE).stderr_(PIPE)));
            child.kill();
            await(child.communicate());
        },
        [] { settle(); });
    BOOST_TEST(points >= 3u);
    BOOST_TEST(no_children());
    BOOST_TEST(open_descriptors() == before);
}

// PROC-008
BOOST_AUTO_TEST_CASE(a_loop_that_closes_at_any_await_leaves_no_child) {
    const int before = open_descriptors();
    const CapturedWarnings warnings;
    testing::close_loop_at_every_await(
        [] {
            const Process child =
                await(create_subprocess_exec("sleep", "1000", SubprocessOptions().stdin_(PIPE).stdout_(PIPE).stderr_(PIPE)));
            child.stdin_().write(std::string(1 << 20, 'x'));
            child.kill();
            await(child.communicate());
        },
        [=] {
            BOOST_TEST(no_children());
            BOOST_TEST(open_descriptors() == before);
        });
}

// PROC-009
BOOST_AUTO_TEST_CASE(an_input_that_nobody_reads_breaks) {
    in_loop([] {
        const Process child = await(create_subprocess_shell("exit 0", piped()));
        child.stdin_().write(std::string(1 << 20, 'x'));
        const std::error_code code = code_of([&] { await(child.stdin_().drain()); });
        BOOST_TEST((code == std::errc::broken_pipe || code == std::errc::connection_reset));
        BOOST_TEST(await(child.wait()) == 0);
        BOOST_TEST((code_of([&] { await(child.stdin_().wait_closed()); }) == std::errc::broken_pipe));
    });
}

// PROC-010
BOOST_AUTO_TEST_CASE(communicate_does_not_mind_a_child_that_reads_nothing) {
    in_loop([] {
        for (const char* command : {"exit 0", "exec <&-; echo deaf; sleep 0.01", "head -c 10"}) {
            const Process child = shell(command);
            await(child.communicate(std::string(1 << 20, 'x')));
            BOOST_TEST(child.returncode().value() == 0);
        }
    });
}

// PROC-011
BOOST_AUTO_TEST_CASE(a_small_limit_pauses_reading_and_loses_nothing) {
    in_loop([] {
        const Process child = shell("head -c 1000000 /dev/zero", SubprocessOptions().stdout_(PIPE).limit(10));
        for (int i = 0; i < 100; ++i) await(sleep(0s));
        BOOST_TEST(!child.returncode());  // it waits for us
        BOOST_TEST(await(child.stdout_().read()).size() == 1000000u);
        BOOST_TEST(await(child.wait()) == 0);
        BOOST_CHECK_THROW(shell("exit 0", SubprocessOptions().limit(0)), std::invalid_argument);
    });
}

// Output that is still in the pipe when the child has ended is not lost.
BOOST_AUTO_TEST_CASE(what_a_child_wrote_before_its_end_can_be_read_after) {
    in_loop([] {
        const Process child = shell("head -c 50000 /dev/zero; echo end >&2",
                                    SubprocessOptions().stdout_(PIPE).stderr_(PIPE).limit(10));
        BOOST_TEST(await(child.wait()) == 0);
        BOOST_TEST(await(child.stdout_().read()).size() == 50000u);
        BOOST_TEST(await(child.stderr_().readline()) == "end\n");
        BOOST_TEST(await(child.stderr_().read()) == "");
    });
}

// PROC-012
BOOST_AUTO_TEST_CASE(a_child_in_a_session_or_group_of_its_own_is_waited_for) {
    in_loop([] {
        const Process session = shell("exit 8", SubprocessOptions().start_new_session(true));
        BOOST_TEST(await(session.wait()) == 8);
        const Process sleeping = await(create_subprocess_exec("sleep", "1000", SubprocessOptions().start_new_session(true)));
        BOOST_TEST(::getsid(sleeping.pid()) == sleeping.pid());
        sleeping.kill();
        await(sleeping.wait());
        const Process group = await(create_subprocess_exec("sleep", "1000", SubprocessOptions().process_group(0)));
        BOOST_TEST(::getpgid(group.pid()) == group.pid());
        BOOST_TEST(::getsid(group.pid()) == ::getsid(0));
        group.kill();
        await(group.wait());
    });
}

// PROC-017
BOOST_AUTO_TEST_CASE(a_signal_to_a_child_that_has_ended_is_an_error) {
    in_loop([] {
        const Process child = shell("exit 0");
        await(child.wait());
        BOOST_TEST((code_of([&] { child.send_signal(SIGHUP); }) == std::errc::no_such_process));
        BOOST_TEST((code_of([&] { child.terminate(); }) == std::errc::no_such_process));
        BOOST_TEST((code_of([&] { child.kill(); }) == std::errc::no_such_process));
    });
}

// PROC-021
BOOST_AUTO_TEST_CASE(a_signal_to_a_child_that_is_ending_does_no_harm) {
    in_loop([] {
        for (int i = 0; i < 10; ++i) {
            const Process child = shell("exit 5");
            child.stdin_().close();
            await(child.stdout_().read());  // it has ended, or is about to
            for (int k = 0; k < i; ++k) await(sleep(0s));
            const std::error_code code = code_of([&] { child.send_signal(SIGCONT); });
            BOOST_TEST((!code || code == std::errc::no_such_process));
            BOOST_TEST(await(child.wait()) == 5);
        }
    });
}

// PROC-019
BOOST_AUTO_TEST_CASE(errors_can_go_where_the_output_goes) {
    in_loop([] {
        const std::string both = "echo 1; echo 2 >&2; echo 3; echo 4 >&2";
        const Process child = shell(both, SubprocessOptions().stdout_(PIPE).stderr_(STDOUT));
        BOOST_TEST(!child.stderr_());
        BOOST_TEST(await(child.communicate()).first.value() == "1\n2\n3\n4\n");
        BOOST_CHECK_THROW(shell("exit 0", SubprocessOptions().stdout_(STDOUT)), std::invalid_argument);
        BOOST_CHECK_THROW(shell("exit 0", SubprocessOptions().stdin_(-9)), std::invalid_argument);
    });
}

// PROC-022
BOOST_AUTO_TEST_CASE(any_thread_may_have_children) {
    std::string said;
    std::thread([&] { said = in_loop([] { return output_of("echo hello"); }); }).join();
    BOOST_TEST(said == "hello\n");
}

BOOST_AUTO_TEST_CASE(much_goes_both_ways_at_once) {
    in_loop([] {
        std::string much(std::size_t{8} << 20, '\0');
        for (std::size_t i = 0; i < much.size(); ++i) much[i] = static_cast<char>(i * 2654435761u >> 13);
        const Process child = shell("tee /dev/stderr", piped().stderr_(PIPE));
        const Process::Output output = await(child.communicate(much));
        BOOST_TEST((output.first.value() == much));
        BOOST_TEST((output.second.value() == much));
    });
}

BOOST_AUTO_TEST_CASE(a_cancelled_wait_or_communicate_leaves_the_child_alone) {
    in_loop([] {
        const Process child = shell("read line; echo $line");
        Task<Process::Output> talk = create_task(child.communicate());  // closes stdin
        settle();
        talk.cancel();
        BOOST_CHECK_THROW(await(talk), CancelledError);
        BOOST_TEST(await(child.stdout_().read()) == "\n");
        BOOST_TEST(await(child.wait()) == 0);
        const Process sleeping = await(create_subprocess_exec("sleep", "1000"));
        BOOST_CHECK_THROW(timeout(std::chrono::milliseconds(1), [&] { await(sleeping.wait()); }), TimeoutError);
        BOOST_TEST(::kill(sleeping.pid(), 0) == 0);
        sleeping.kill();
        BOOST_TEST(await(sleeping.wait()) == -SIGKILL);
    });
}

// A grandchild has the pipes, but it is the child that is waited for.
BOOST_AUTO_TEST_CASE(wait_is_for_the_child_and_not_for_its_pipes) {
    in_loop([] {
        const Process child = shell("sleep 1000 & echo $!");
        const std::string line = await(child.stdout_().readline());
        BOOST_TEST(await(child.wait()) == 0);
        BOOST_TEST(!child.stdout_().at_eof());
        ::kill(std::stoi(line), SIGKILL);
        BOOST_TEST(await(child.stdout_().read()) == "");
    });
}

BOOST_AUTO_TEST_CASE(a_dropped_handle_leaves_the_child_running) {
    in_loop([] {
        const auto ends = Socket::pair();
        await(create_subprocess_exec("sh", "-c", "read line; echo done",
                                     SubprocessOptions().stdin_(PIPE).stdout_(ends.second.fd())))
            .stdin_()
            .write("go\n");
        BOOST_TEST(await(get_running_loop().sock_recv(ends.first, 100)) == "done\n");
        while (!no_children()) await(sleep(0s));
    });
}

BOOST_AUTO_TEST_CASE(an_empty_handle_says_so) {
    const Process none;
    BOOST_TEST(!none);
    BOOST_CHECK_THROW(none.pid(), RuntimeError);
    BOOST_CHECK_THROW(static_cast<void>(none.wait()), RuntimeError);
    in_loop([&] {
        const Process child = shell("exit 0");
        const Process same = child;
        BOOST_TEST((same == child && child != none));
        await(child.wait());
    });
}

// What the handle says after its loop has gone.
BOOST_AUTO_TEST_CASE(a_child_that_runs_when_the_loop_closes_is_killed_and_reaped) {
    const int before = open_descriptors();
    const CapturedWarnings warnings;
    Process child;
    in_loop([&] { child = await(create_subprocess_exec("sleep", "1000", piped())); });
    BOOST_TEST(no_children());
    BOOST_TEST(warnings.contains("unclosed transport: process " + std::to_string(child.pid()) + ", which is killed"));
    BOOST_TEST(warnings.count() == 1u);
    BOOST_TEST(open_descriptors() == before);
    BOOST_TEST(!child.returncode());
    BOOST_TEST((code_of([&] { child.kill(); }) == std::errc::no_such_process));
}

BOOST_AUTO_TEST_CASE(an_input_may_be_a_view) {
    in_loop([] {
        const Process child = await(create_subprocess_exec("cat", piped()));
        Task<Process::Output> talk;
        {
            std::string text = "some text";
            talk = create_task(child.communicate(absl::string_view(text).substr(5)));
            text.assign(text.size(), '?');
        }
        BOOST_TEST(await(talk).first.value() == "text");
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
