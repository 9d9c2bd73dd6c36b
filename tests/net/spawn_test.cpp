// What a child is started with: streams, descriptors, directory, environment, signals; and starting short of resources.
#include "net/process_fixtures.hpp"
#include "support/faults/system_calls.hpp"

#include <csignal>
#include <cstdlib>
#include <map>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "cede/stream/streams.hpp"
#include "cede/testing/run.hpp"
#include "support/captured.hpp"
#include "support/child_process.hpp"

namespace cede {
namespace tests {
namespace {

std::string descriptors_of_child(SubprocessOptions options = SubprocessOptions()) {
    return output_of({"python3", "-c", "import os; print(*[fd for fd in range(300) if os.path.exists(f'/proc/self/fd/{fd}')])"},
                     std::move(options));
}

struct SignalAs {
    SignalAs(int signal, void (*handler)(int)) : number(signal), before(::signal(signal, handler)) {}
    ~SignalAs() { ::signal(number, before); }
    const int number;
    void (*const before)(int);
};

bool is_root(const char* without) {
    if (::geteuid() == 0) return true;
    BOOST_TEST_MESSAGE("not root: " << without);
    return false;
}

// Somebody who is not root: "nobody", under one of its names.
const passwd& somebody() {
    static const passwd* const found = ::getpwnam("nobody");
    BOOST_REQUIRE(found != nullptr);
    return *found;
}

std::string ids_of_child(SubprocessOptions options) {
    return output_of({"sh", "-c", "id -u; id -ru; id -g; id -rg; id -G"}, std::move(options));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(spawn)

BOOST_AUTO_TEST_CASE(directory_environment_and_umask_are_the_childs) {
    in_loop([] {
        BOOST_TEST(output_of({"pwd"}, SubprocessOptions().cwd("/usr")) == "/usr\n");
        BOOST_TEST(output_of({"bin/env"}, SubprocessOptions().cwd("/usr").env({{"A", "1"}, {"B", "x=y"}})) == "A=1\nB=x=y\n");
        BOOST_TEST(output_of({"/usr/bin/env"}, SubprocessOptions().env({})) == "");
        const std::map<std::string, std::string> variables{{"B", "2"}, {"A", "1"}};
        BOOST_TEST(output_of({"/usr/bin/env"}, SubprocessOptions().env(variables)) == "A=1\nB=2\n");
        SubprocessOptions changed = SubprocessOptions().env(variables);
        const SubprocessOptions kept = changed;
        changed.env({{"A", "3"}});
        BOOST_TEST(output_of({"/usr/bin/env"}, changed) == "A=3\n");
        BOOST_TEST(output_of({"/usr/bin/env"}, kept) == "A=1\nB=2\n");
        BOOST_TEST(output_of({"env"}, SubprocessOptions().env({{"PATH", "/nowhere:/usr/bin"}})) == "PATH=/nowhere:/usr/bin\n");
        BOOST_TEST(output_of({"sh", "-c", "umask"}, SubprocessOptions().umask(0123)) == "0123\n");
        BOOST_TEST(output_of({"a name", "-c", "echo $0"}, SubprocessOptions().executable("/bin/sh")) == "a name\n");
        ::setenv("CEDE_TEST_VARIABLE", "inherited", 1);
        BOOST_TEST(output_of({"sh", "-c", "echo $CEDE_TEST_VARIABLE"}) == "inherited\n");
        ::unsetenv("CEDE_TEST_VARIABLE");
    });
}

BOOST_AUTO_TEST_CASE(a_stream_may_be_any_descriptor) {
    in_loop([] {
        auto pipe = Pipe::pair();
        auto back = Pipe::pair();
        BOOST_REQUIRE(::write(pipe.second.fd(), "through a pipe", 14) == 14);
        pipe.second.close();
        Child child({"cat"}, SubprocessOptions().stdin_(pipe.first.fd()).stdout_(back.second.fd()).stderr_(subprocess::DEVNULL));
        BOOST_TEST((child.transport->get_pipe_transport(0) == nullptr));
        child.end();
        char bytes[100];
        BOOST_TEST(::read(back.first.fd(), bytes, sizeof bytes) == 14);
        BOOST_TEST(child.transport->get_returncode().value() == 0);
    });
}

// Our descriptors 0, 1 and 2 in another order, and one of them closed.
BOOST_AUTO_TEST_CASE(streams_may_be_exchanged) {
    const ChildResult result = run_in_child([] {
        auto one = Pipe::pair();
        auto two = Pipe::pair();
        ::dup2(one.second.fd(), 1);
        ::dup2(two.second.fd(), 2);
        ::close(0);
        in_loop([] {
            Child swapped({"sh", "-c", "echo out; echo err >&2"},
                          SubprocessOptions().stdin_(subprocess::DEVNULL).stdout_(2).stderr_(1));
            swapped.end();
            Child piped({"sh", "-c", "cat; echo err >&2"}, SubprocessOptions().stderr_(subprocess::STDOUT));
            as<WriteTransport>(piped.transport->get_pipe_transport(0))->write("in,");
            as<WriteTransport>(piped.transport->get_pipe_transport(0))->write_eof();
            piped.end();
            if (piped.protocol->data[1] != "in,err\n") throw std::runtime_error("piped: " + piped.protocol->data[1]);
            Child none({"sh", "-c", "read line"}, SubprocessOptions().stdin_(subprocess::INHERIT));  // has none
            none.end();
            if (none.transport->get_returncode().value() == 0) throw std::runtime_error("a closed stdin was read");
            Child merged({"sh", "-c", "echo more >&2"},
                         SubprocessOptions().stdin_(subprocess::DEVNULL).stdout_(subprocess::INHERIT).stderr_(subprocess::STDOUT));
            merged.end();
        });
        char bytes[100] = "";
        const ssize_t first = ::read(one.first.fd(), bytes, sizeof bytes);
        const std::string from_one(bytes, static_cast<std::size_t>(first));
        const ssize_t second = ::read(two.first.fd(), bytes, sizeof bytes);
        const std::string from_two(bytes, static_cast<std::size_t>(second));
        if (from_one != "err\nmore\n" || from_two != "out\n") throw std::runtime_error(from_one + "|" + from_two);
    });
    BOOST_TEST(result.exited_with(0), result);
}

BOOST_AUTO_TEST_CASE(a_child_has_only_the_descriptors_it_was_given) {
    in_loop([] {
        const int inherited = ::fcntl(1, F_DUPFD, 200);  // not close-on-exec
        BOOST_REQUIRE(inherited >= 200);
        BOOST_TEST(descriptors_of_child() == "0 1 2\n");
        const Pipe mine = Pipe::from_fd(::fcntl(1, F_DUPFD, 100));
        const std::string fd = std::to_string(mine.fd());
        BOOST_TEST(descriptors_of_child(SubprocessOptions().pass_fds({mine.fd(), 1, mine.fd()})) == "0 1 2 " + fd + "\n");
        BOOST_TEST((::fcntl(mine.fd(), F_GETFD) & FD_CLOEXEC) != 0);  // ours is as it was
        // The test program may have been given others.
        BOOST_TEST(contains(descriptors_of_child(SubprocessOptions().close_fds(false)), " " + std::to_string(inherited)));
        ::close(inherited);
    });
}

BOOST_AUTO_TEST_CASE(descriptors_are_closed_where_the_system_closes_no_ranges) {
    const ChildResult result = run_in_child([] {
        in_loop([] {
            const FailingCall old_kernel(SystemCall::close_range, ENOSYS, 1, 1000);
            ::fcntl(1, F_DUPFD, 200);
            const int kept = ::fcntl(1, F_DUPFD, 100);
            const std::string said = descriptors_of_child(SubprocessOptions().pass_fds({kept}));
            if (said != "0 1 2 " + std::to_string(kept) + "\n") throw std::runtime_error(said);
            if (old_kernel.failed() != 1) throw std::runtime_error("close_range was not tried");
        });
    });
    BOOST_TEST(result.exited_with(0), result);
}

BOOST_AUTO_TEST_CASE(a_child_runs_as_another_user_with_other_groups) {
    if (!is_root("no child runs as somebody else")) return;
    in_loop([] {
        using subprocess::Id;
        const std::string uid = std::to_string(somebody().pw_uid), gid = std::to_string(somebody().pw_gid);
        const std::string own_groups = output_of({"id", "-G"});
        const auto as = [&](Id user, Id group, std::vector<Id> more) {
            return ids_of_child(SubprocessOptions().user(std::move(user)).group(std::move(group)).extra_groups(std::move(more)));
        };
        BOOST_TEST(as("nobody", somebody().pw_gid, {}) == uid + "\n" + uid + "\n" + gid + "\n" + gid + "\n" + gid + "\n");
        const std::string daemons = std::to_string(::getgrnam("daemon")->gr_gid);
        BOOST_TEST(as(12345, "daemon", {}) ==
                   "12345\n12345\n" + daemons + "\n" + daemons + "\n" + daemons + "\n");
        BOOST_TEST(as(12345, 23456, {"daemon", 34567}) == "12345\n12345\n23456\n23456\n23456 " + daemons + " 34567\n");
        // Each by itself, and the others stay.
        BOOST_TEST(ids_of_child(SubprocessOptions().user(12345)) == "12345\n12345\n0\n0\n" + own_groups);
        BOOST_TEST(ids_of_child(SubprocessOptions().extra_groups({34567})) == "0\n0\n0\n0\n0 34567\n");
        // We are who we were.
        BOOST_TEST(::geteuid() == 0u);
        BOOST_TEST(output_of({"id", "-G"}) == own_groups);
    });
}

// What the child does before it becomes somebody else is done as root.
BOOST_AUTO_TEST_CASE(the_other_options_go_with_another_user) {
    if (!is_root("no child runs as somebody else")) return;
    in_loop([] {
        const Pipe mine = Pipe::from_fd(::fcntl(1, F_DUPFD, 100));
        const SubprocessOptions options = SubprocessOptions().user("nobody").cwd("/").umask(0027).start_new_session(true);
        BOOST_TEST(output_of({"sh", "-c", "umask; pwd; id -u"}, options) ==
                   "0027\n/\n" + std::to_string(somebody().pw_uid) + "\n");
        BOOST_TEST(descriptors_of_child(SubprocessOptions().user("nobody").pass_fds({mine.fd()})) ==
                   "0 1 2 " + std::to_string(mine.fd()) + "\n");
        BOOST_CHECK_EXCEPTION(output_of({"/nowhere"}, options), std::system_error,
                              [](const std::system_error& e) { return e.code() == std::errc::no_such_file_or_directory; });
    });
}

BOOST_AUTO_TEST_CASE(a_user_or_group_that_there_is_not_is_named) {
    in_loop([] {
        const auto names = [](const char* name) {
            return [name](const std::invalid_argument& e) { return std::string(e.what()).find(name) != std::string::npos; };
        };
        BOOST_CHECK_EXCEPTION(output_of({"id"}, SubprocessOptions().user("no-such-user")), std::invalid_argument,
                              names("user: this system does not know 'no-such-user'"));
        BOOST_CHECK_EXCEPTION(output_of({"id"}, SubprocessOptions().group("no-such-group")), std::invalid_argument,
                              names("'no-such-group'"));
        BOOST_CHECK_EXCEPTION(output_of({"id"}, SubprocessOptions().extra_groups({1, "no-such-group"})),
                              std::invalid_argument, names("extra_groups"));
        // To the system it means "stay who you are", which may be root.
        BOOST_CHECK_EXCEPTION(output_of({"id"}, SubprocessOptions().user(static_cast<uid_t>(-1))), std::invalid_argument,
                              names("user"));
    });
}

BOOST_AUTO_TEST_CASE(who_may_not_change_the_user_is_told) {
    const ChildResult result = run_in_child([] {
        if (::geteuid() == 0 && ::setuid(12345) != 0) throw std::runtime_error("setuid");
        in_loop([] {
            for (const SubprocessOptions& options : {SubprocessOptions().user(0), SubprocessOptions().group("daemon"),
                                                     SubprocessOptions().extra_groups({34567})}) {
                try {
                    output_of({"id"}, options);
                    throw std::runtime_error("not refused");
                } catch (const std::system_error& error) {
                    if (error.code() != std::errc::operation_not_permitted) throw;
                    if (std::string(error.what()).find("cannot run 'id' as that user") == std::string::npos) throw;
                }
            }
            output_of({"id"}, SubprocessOptions().user(::getuid()));  // which is nothing new
        });
    });
    BOOST_TEST(result.exited_with(0), result);
}

// A child knows nothing of what this program does with signals, but for those it ignores.
BOOST_AUTO_TEST_CASE(no_signal_is_blocked_or_handled_in_a_child) {
    in_loop([] {
        const SignalAs handled(SIGUSR1, [](int) {});
        const SignalAs ignored(SIGUSR2, SIG_IGN);
        const SignalAs pipe(SIGPIPE, SIG_IGN);
        sigset_t all, before;
        sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before);
        const std::vector<std::string> ask = {"sed", "-n", "/^SigBlk/p;/^SigIgn/p", "/proc/self/status"};
        const std::string restored = output_of(ask);
        const std::string kept = output_of(ask, SubprocessOptions().restore_signals(false));
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
        BOOST_TEST(restored == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000800\n");
        BOOST_TEST(kept == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000001800\n");
        sigset_t now;
        ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
        BOOST_TEST(sigismember(&now, SIGTERM) == sigismember(&before, SIGTERM));
        struct sigaction action;
        ::sigaction(SIGUSR1, nullptr, &action);
        BOOST_TEST((action.sa_handler != SIG_DFL));  // the child has not reset ours
    });
}

// Whatever of the descriptors is lacking, it is an error that leaves nothing behind, or all works.
BOOST_AUTO_TEST_CASE(too_few_descriptors_are_an_error) {
    const int before = open_descriptors();
    in_loop([] {
        settle();
        const int in_use = open_descriptors();
        rlimit usual;
        ::getrlimit(RLIMIT_NOFILE, &usual);
        int failures = 0;
        for (int more = 0; more < 14; ++more) {
            rlimit few = usual;
            few.rlim_cur = static_cast<rlim_t>(in_use + more);
            ::setrlimit(RLIMIT_NOFILE, &few);
            try {
                Child child({"sh", "-c", "read line; exit 3"});
                as<WriteTransport>(child.transport->get_pipe_transport(0))->close();
                child.end();
                BOOST_TEST(child.transport->get_returncode().value() == 3);
            } catch (const std::system_error& error) {
                BOOST_TEST((error.code() == std::errc::too_many_files_open));
                ++failures;
            }
            ::setrlimit(RLIMIT_NOFILE, &usual);
            settle();
            BOOST_TEST(open_descriptors() == in_use);
            BOOST_TEST(no_children());
        }
        BOOST_TEST(failures > 3);
        BOOST_TEST(failures < 14);
    });
    BOOST_TEST(open_descriptors() == before);
}

// The selector refuses the child's pidfd.
BOOST_AUTO_TEST_CASE(a_child_that_cannot_be_watched_is_killed) {
    in_loop([] {
        const int before = open_descriptors();
        {
            const FailingCall full(SystemCall::epoll_ctl, ENOSPC);
            BOOST_CHECK_THROW(Child({"sleep", "1000"}), std::system_error);
            BOOST_TEST(full.failed() == 1);
        }
        BOOST_TEST(no_children());
        settle();
        BOOST_TEST(open_descriptors() == before);
    });
}

BOOST_AUTO_TEST_SUITE_END()

// --- Where the kernel has no pidfd: a thread waits for each child ---

BOOST_AUTO_TEST_SUITE(child_threads)

BOOST_AUTO_TEST_CASE(a_thread_waits_where_there_is_no_pidfd) {
    const int before = open_descriptors();
    const FailingCall old_kernel(SystemCall::pidfd_open, ENOSYS, 1, 1000);
    in_loop([] {
        BOOST_TEST(output_of({"echo", "hello"}) == "hello\n");
        Child killed({"sleep", "1000"});
        killed.transport->kill();
        killed.end();
        BOOST_TEST(killed.transport->get_returncode().value() == -SIGKILL);
        BOOST_CHECK_THROW(killed.transport->kill(), std::system_error);
        Child quick({"sh", "-c", "exit 6"});
        quick.end();
        BOOST_TEST(quick.transport->get_returncode().value() == 6);
        Child closed({"sleep", "1000"});
        const Warnings warnings;
        closed.transport->close();
        closed.end();
        BOOST_TEST(no_children());
    });
    BOOST_TEST(old_kernel.failed() == 4);
    BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(the_thread_reaps_where_the_loop_has_gone) {
    const FailingCall old_kernel(SystemCall::pidfd_open, ENOSYS, 1, 1000);
    const Warnings warnings;
    for (int turns = 0; turns < 20; ++turns) {
        in_loop([=] {
            Child running({"sleep", "1000"});
            Child ending({"sh", "-c", ":"});
            for (int i = 0; i < turns * 100; ++i) await(sleep(std::chrono::seconds(0)));
        });
    }
    while (!no_children()) std::this_thread::yield();
}

BOOST_AUTO_TEST_CASE(the_virtual_clock_waits_for_the_thread) {
    const FailingCall old_kernel(SystemCall::pidfd_open, ENOSYS, 1, 1000);
    testing::run([] {
        const Process child = await(create_subprocess_shell("sleep 0.05; exit 2"));
        BOOST_TEST(await(child.wait()) == 2);
    });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(reaped_by_others)

// As asyncio has it.
BOOST_AUTO_TEST_CASE(a_child_that_others_reap_has_the_return_code_255) {
    for (const bool pidfd : {true, false}) {
        const Warnings warnings;
        in_loop([=] {
            const FailingCall old_kernel(SystemCall::pidfd_open, ENOSYS, pidfd ? 1000 : 1, 1000);
            const SignalAs ignored(SIGCHLD, SIG_IGN);
            Child child({"sh", "-c", "exit 3"});
            child.end();
            BOOST_TEST(child.transport->get_returncode().value() == 255);
        });
        BOOST_REQUIRE(Warnings::list().size() == 1);
        BOOST_TEST(Warnings::list()[0].find("was reaped by others") != std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
