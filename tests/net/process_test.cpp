// Child processes with protocols: the order of what they are told, what a child is started with, and what is left of it.
#include "net/process_fixtures.hpp"
#include "support/faults/system_calls.hpp"

#include <csignal>

#include <fcntl.h>

#include "support/captured.hpp"
#include "support/child_process.hpp"

namespace cede {
namespace tests {
namespace {

int errno_when_started(std::vector<std::string> arguments, SubprocessOptions options = SubprocessOptions()) {
    try {
        Child child(std::move(arguments), std::move(options));
        child.transport->close();
        child.end();
    } catch (const std::system_error& error) {
        return error.code().value();
    }
    return 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(process)

// PROC-015, PROC-016
BOOST_AUTO_TEST_CASE(the_protocol_is_told_in_order) {
    in_loop([] {
        const int before = open_descriptors();
        Child child({"sh", "-c", "echo out; echo err >&2; read line; exit 3"});
        BOOST_TEST(child.protocol->calls == "made ");
        BOOST_TEST(child.transport->get_pid() > 0);
        BOOST_TEST(absl::any_cast<int>(child.transport->get_extra_info("subprocess")) == child.transport->get_pid());
        BOOST_TEST(!child.transport->get_extra_info("pipe").has_value());
        BOOST_TEST((child.transport->get_pipe_transport(3) == nullptr));
        as<WriteTransport>(child.transport->get_pipe_transport(0))->write("a line\n");
        child.end();
        const std::string& calls = child.protocol->calls;
        BOOST_TEST(child.protocol->data[1] == "out\n");
        BOOST_TEST(child.protocol->data[2] == "err\n");
        BOOST_TEST(child.transport->get_returncode().value() == 3);
        BOOST_TEST(!child.transport->is_closing());  // nobody has closed it, as in asyncio
        child.transport->close();
        BOOST_TEST(child.transport->is_closing());
        for (const std::string fd : {"1", "2"}) {
            BOOST_TEST(calls.find("data" + fd) < calls.find("lost" + fd));
            BOOST_TEST(calls.find("lost" + fd) != std::string::npos);
        }
        BOOST_TEST(calls.find("lost0") != std::string::npos);
        BOOST_TEST(calls.find("exited ") != std::string::npos);
        BOOST_TEST(calls.substr(calls.size() - 6) == " LOST ");
        settle();
        BOOST_TEST(calls.find(" LOST ") + 6 == calls.size());
        BOOST_TEST((child.transport->get_protocol() == nullptr));
        BOOST_TEST(open_descriptors() == before);
        BOOST_TEST(no_children());
    });
}

// PROC-020
BOOST_AUTO_TEST_CASE(a_child_whose_output_nobody_wants_notices) {
    in_loop([] {
        Child child({"sh", "-c", "read line; trap '' PIPE; echo x; echo status $? >&2"});
        child.transport->get_pipe_transport(1)->close();
        BOOST_TEST(eventually([&] { return child.protocol->calls.find("lost1") != std::string::npos; }));
        as<WriteTransport>(child.transport->get_pipe_transport(0))->write("now\n");
        child.end();
        BOOST_TEST(child.protocol->data[2].find("status 1") != std::string::npos);
    });
}

// PROC-018
BOOST_AUTO_TEST_CASE(the_close_of_a_child_that_has_ended_sends_no_signal) {
    in_loop([] {
        Child child({"sh", "-c", ":"}, SubprocessOptions().stdin_(subprocess::PIPE));
        BOOST_TEST(eventually([&] { return child.transport->get_returncode().has_value(); }));
        const CallCounter signals(SystemCall::pidfd_send_signal);
        child.transport->close();
        child.transport->close();
        child.end();
        BOOST_TEST(signals.count() == 0);
        BOOST_TEST(child.transport->get_returncode().value() == 0);
    });
}

// PROC-005, PROC-006
BOOST_AUTO_TEST_CASE(the_close_of_a_running_child_kills_it) {
    in_loop([] {
        const Warnings warnings;
        Child child({"sleep", "1000"});
        as<WriteTransport>(child.transport->get_pipe_transport(0))->write(huge());
        child.transport->close();
        BOOST_TEST(child.transport->is_closing());
        child.end();
        BOOST_TEST(child.transport->get_returncode().value() == -SIGKILL);
        BOOST_TEST(no_children());
        BOOST_REQUIRE(Warnings::list().size() == 1);
        BOOST_TEST(Warnings::list()[0] ==
                   "close of a running child process: kill " + std::to_string(child.transport->get_pid()));
    });
}

// PROC-017
BOOST_AUTO_TEST_CASE(signals_reach_a_child_until_it_has_ended) {
    in_loop([] {
        Child child({"sleep", "1000"});
        child.transport->send_signal(0);
        child.transport->terminate();
        child.end();
        BOOST_TEST(child.transport->get_returncode().value() == -SIGTERM);
        BOOST_CHECK_EXCEPTION(child.transport->kill(), std::system_error,
                              [](const std::system_error& e) { return e.code() == std::errc::no_such_process; });
    });
}

BOOST_AUTO_TEST_CASE(what_the_protocol_throws_is_reported_and_the_child_goes_on) {
    in_loop([] {
        struct Throwing : RecordingProcess {
            void connection_made(std::shared_ptr<BaseTransport> made) override {
                RecordingProcess::connection_made(made);
                throw std::runtime_error("made");
            }
            void pipe_data_received(int fd, absl::string_view bytes) override {
                RecordingProcess::pipe_data_received(fd, bytes);
                throw std::runtime_error("data");
            }
            void process_exited() override {
                RecordingProcess::process_exited();
                throw std::runtime_error("exited");
            }
            void connection_lost(std::exception_ptr error) override {
                RecordingProcess::connection_lost(error);
                throw std::runtime_error("lost");
            }
        };
        Reports reports(get_running_loop());
        Child child({"sh", "-c", "echo 1; read line; echo 2"}, SubprocessOptions(), std::make_shared<Throwing>());
        BOOST_TEST(eventually([&] { return child.protocol->data[1] == "1\n"; }));
        as<WriteTransport>(child.transport->get_pipe_transport(0))->write("\n");
        child.end();
        BOOST_TEST(child.protocol->data[1] == "1\n2\n");
        BOOST_REQUIRE(reports.all.size() == 5);
        BOOST_TEST(reports.all[0].message == "protocol.connection_made() failed");
        BOOST_TEST(reports.all[1].message == "protocol.pipe_data_received() failed");
        BOOST_TEST(reports.all[4].message == "protocol.connection_lost() failed");
        BOOST_TEST((reports.all[4].transport == child.transport));
    });
}

BOOST_AUTO_TEST_CASE(the_protocol_may_drop_and_close_everything_in_every_call) {
    for (const std::string call : {"made", "data1", "lost1", "exited", "LOST"}) {
        in_loop([=] {
            const Warnings warnings;
            auto protocol = std::make_shared<RecordingProcess>();
            RecordingProcess* const raw = protocol.get();
            raw->on_call = [=](const std::string& now) {
                if (now != call) return;
                const auto transport = std::move(raw->transport);
                transport->set_protocol(std::make_shared<RecordingProcess>());
                transport->close();
            };
            await(get_running_loop().subprocess_exec([&] { return std::move(protocol); }, {"sh", "-c", "echo x; read line"},
                                                     SubprocessOptions().stdin_(subprocess::DEVNULL)));
            BOOST_TEST(eventually([] { return no_children(); }), call);
            settle();
        });
    }
}

BOOST_AUTO_TEST_CASE(the_protocol_can_be_switched) {
    in_loop([] {
        Child child({"sh", "-c", "read line; echo out"});
        const auto other = std::make_shared<RecordingProcess>();
        child.transport->set_protocol(other);
        BOOST_TEST((child.transport->get_protocol() == other));
        BOOST_CHECK_THROW(child.transport->set_protocol(std::make_shared<Recording>()), std::invalid_argument);
        as<WriteTransport>(child.transport->get_pipe_transport(0))->write("\n");
        BOOST_TEST(eventually([&] { return other->lost; }));
        BOOST_TEST(other->data[1] == "out\n");
        BOOST_CHECK_THROW(await(get_running_loop().subprocess_exec([] { return nullptr; }, {"sh"})),
                          std::invalid_argument);
    });
}

// PROC-013 and PROC-014 are Python's: text modes, bufsize and a shell flag are not among the options here, and a command of
// the shell is a string by its type. What is left of wrong arguments:
BOOST_AUTO_TEST_CASE(PROC_013_PROC_014_arguments_that_cannot_be_are_refused) {
    in_loop([] {
        const std::string nul("a\0b", 3);
        BOOST_CHECK_THROW(Child({}), std::invalid_argument);
        BOOST_CHECK_THROW(Child({"echo", nul}), std::invalid_argument);
        BOOST_CHECK_THROW(Child({"echo"}, SubprocessOptions().cwd(nul)), std::invalid_argument);
        BOOST_CHECK_THROW(Child({"echo"}, SubprocessOptions().executable(nul)), std::invalid_argument);
        BOOST_CHECK_THROW(Child({"echo"}, SubprocessOptions().env({{"A", nul}})), std::invalid_argument);
        BOOST_CHECK_THROW(Child({"echo"}, SubprocessOptions().env({{"A=B", "C"}})), std::invalid_argument);
        BOOST_CHECK_THROW(Child({"echo"}, SubprocessOptions().pass_fds({-1})), std::invalid_argument);
        BOOST_CHECK_THROW(Child({"echo"}, SubprocessOptions().stdin_(subprocess::STDOUT)), std::invalid_argument);
        BOOST_TEST(no_children());
    });
}

BOOST_AUTO_TEST_CASE(a_program_that_cannot_be_executed_is_the_error_of_the_child) {
    in_loop([] {
        const int before = open_descriptors();
        BOOST_TEST(errno_when_started({"no_such_program_1"}) == ENOENT);
        BOOST_TEST(errno_when_started({"/no/such/program"}) == ENOENT);
        BOOST_TEST(errno_when_started({"/etc/passwd"}) == EACCES);
        BOOST_TEST(errno_when_started({"/"}) == EACCES);
        BOOST_TEST(errno_when_started({"sh", "-c", ":"}, SubprocessOptions().cwd("/no/such/folder")) == ENOENT);
        BOOST_TEST(errno_when_started({"sh", "-c", ":"}, SubprocessOptions().env({{"PATH", "/etc:/nowhere"}})) == ENOENT);
        BOOST_TEST(errno_when_started({"sh", "-c", ":"}, SubprocessOptions().pass_fds({999})) == EBADF);
        for (int fd = 3; fd < before + 8; ++fd) {  // also a number that a pipe of this one's would get
            if (::fcntl(fd, F_GETFD) >= 0) continue;
            BOOST_TEST(errno_when_started({"sh", "-c", ":"}, SubprocessOptions().pass_fds({fd})) == EBADF);
            BOOST_TEST(errno_when_started({"sh", "-c", ":"}, SubprocessOptions().pass_fds({fd}).user(::getuid())) == EBADF);
        }
        BOOST_TEST(errno_when_started({"sh", "-c", ":"}, SubprocessOptions().stdin_(999)) == EBADF);
        BOOST_TEST(errno_when_started({"sh", "-c", ":"}, SubprocessOptions().process_group(1)) == EPERM);
        // Before anything else of the loop has run:
        BOOST_TEST(open_descriptors() == before);
        BOOST_TEST(no_children());
        BOOST_TEST(message_of<std::system_error>([] { Child({"no_such_program_1"}); })
                       .find("cannot execute 'no_such_program_1': No such file") == 0u);
        BOOST_TEST(message_of<std::system_error>([] { Child({"sh", "-c", ":"}, SubprocessOptions().cwd("/no/such/folder")); })
                       .find("cannot start in directory '/no/such/folder': No such file") == 0u);
    });
}

// PROC-004
BOOST_AUTO_TEST_CASE(the_shell_has_protocols_too) {
    in_loop([] {
        const auto protocol = std::make_shared<RecordingProcess>();
        const auto made = await(get_running_loop().subprocess_shell([&] { return protocol; }, "echo $((6 * 7))"));
        as<WriteTransport>(made.first->get_pipe_transport(0))->write_eof();
        BOOST_TEST(eventually([&] { return protocol->lost; }));
        BOOST_TEST(protocol->data[1] == "42\n");
        BOOST_TEST((made.second == protocol));
    });
}

BOOST_AUTO_TEST_CASE(a_loop_that_closes_kills_and_reaps_its_children) {
    const int before = open_descriptors();
    const Warnings warnings;
    std::shared_ptr<SubprocessTransport> outlives;
    const auto protocol = std::make_shared<RecordingProcess>();
    in_loop([&] {
        Child children[3] = {Child({"sleep", "1000"}), Child({"sleep", "1000"}),
                             Child({"sleep", "1000"}, SubprocessOptions(), protocol)};
        as<WriteTransport>(children[0].transport->get_pipe_transport(0))->write(huge());
        outlives = children[2].transport;
    });
    BOOST_TEST(no_children());
    BOOST_TEST(open_descriptors() == before);
    BOOST_TEST(Warnings::list().size() == 3u);
    BOOST_TEST(!protocol->lost);
    outlives->close();
    BOOST_TEST(!outlives->get_returncode().has_value());
    BOOST_CHECK_THROW(outlives->kill(), std::system_error);
    protocol->transport = nullptr;
    const std::weak_ptr<SubprocessTransport> gone = outlives;
    outlives = nullptr;
    BOOST_TEST(gone.expired());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
