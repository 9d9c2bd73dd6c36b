#include "support/faults/fail_every_system_call.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"
#include "support/open_descriptors.hpp"

namespace cede {
namespace tests {
namespace {

struct Fault {
    SystemCall call = SystemCall::last;
    int nth = 0;
    int error = 0;
    bool is_told() const { return error != 0 && error != EINTR && error != EAGAIN; }
};

// What the manual pages name, as far as a program in order may meet it.
std::vector<int> errors_of(SystemCall call) {
    switch (call) {
        case SystemCall::socket:
        case SystemCall::socketpair: return {EMFILE, ENFILE, ENOBUFS, ENOMEM};
        case SystemCall::connect: return {EINTR, ECONNREFUSED, ENETUNREACH, ETIMEDOUT};
        case SystemCall::bind: return {EADDRINUSE, EACCES, EADDRNOTAVAIL};
        case SystemCall::listen: return {EADDRINUSE};
        case SystemCall::accept:
            return {EINTR, EAGAIN, ECONNABORTED, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPROTO, EPERM, EIO};
        case SystemCall::shutdown:
        case SystemCall::getpeername: return {ENOTCONN};
        case SystemCall::getsockname:
        case SystemCall::getsockopt:
        case SystemCall::setsockopt: return {ENOBUFS};
        case SystemCall::recv: return {EINTR, EAGAIN, ECONNRESET, ETIMEDOUT, ENOMEM, EIO};
        case SystemCall::send:
        case SystemCall::sendmsg: return {EINTR, EAGAIN, ECONNRESET, EPIPE, ENOBUFS, ENOMEM, EIO};
        case SystemCall::recvfrom:
        case SystemCall::recvmsg:
        case SystemCall::recvmmsg: return {EINTR, EAGAIN, ECONNREFUSED, ENOMEM};
        case SystemCall::sendto:
        case SystemCall::sendmmsg: return {EINTR, EAGAIN, ECONNREFUSED, ENOBUFS, EPERM};
        case SystemCall::sendfile: return {EINTR, EAGAIN, ECONNRESET, EPIPE, EIO, ENOMEM, EINVAL, ENOSYS};
        case SystemCall::read: return {EINTR, EAGAIN, EIO};
        case SystemCall::write:
        case SystemCall::writev: return {EINTR, EAGAIN, EPIPE, EIO};
        case SystemCall::pread: return {EINTR, EIO};
        case SystemCall::close: return {EINTR, EIO};
        case SystemCall::fcntl:
        case SystemCall::open:
        case SystemCall::pipe2:
        case SystemCall::dup2: return {EMFILE};
        case SystemCall::epoll_create:
        case SystemCall::eventfd: return {EMFILE, ENFILE, ENOMEM};
        case SystemCall::epoll_ctl: return {ENOMEM, ENOSPC};
        case SystemCall::epoll_wait:
        case SystemCall::poll:
        case SystemCall::waitpid: return {EINTR};
        case SystemCall::execve: return {ENOENT, EACCES, ENOMEM};
        case SystemCall::pidfd_open: return {EMFILE, ENOSYS};
        case SystemCall::pidfd_send_signal: return {ESRCH};
        default: return {};
    }
}

// Whether this says no more than that the system, or the peer, did not do something.
bool says_it_failed(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const TimeoutError&) {
        return false;
    } catch (const std::system_error&) {
        return true;
    } catch (const IncompleteReadError&) {
        return true;
    } catch (const SendfileNotAvailableError&) {
        return true;
    } catch (const AnyExceptionGroup& group) {
        return std::all_of(group.exceptions().begin(), group.exceptions().end(), &says_it_failed);
    } catch (...) {
        return false;
    }
}

std::string text_of(const std::exception_ptr& error) { return error ? describe_exception(error) : "no exception"; }

// More iterations than any body needs: whoever gets there polls something that nobody looks at.
constexpr long most_passes = 200000;

class BoundedLoop final : public testing::VirtualTimeLoop {
public:
    explicit BoundedLoop(int patience)
        : VirtualTimeLoop(testing::TestOptions().grace(std::chrono::milliseconds(20))), patience_(patience) {
        wait_again();
    }

    void run_once() override {
        if (!gave_up_ && ++passes_ > most_passes) give_up("it spins");
        if (!gave_up_ && patience_ < 0) give_up("somebody waits for ever");
        VirtualTimeLoop::run_once();
    }

private:
    // Its time comes when for a while nothing else has happened; more than once, since a machine may be busy.
    void wait_again() {
        --patience_;
        call_later(std::chrono::hours(1), [this] { wait_again(); });
    }
    [[noreturn]] void give_up(std::string what) {
        gave_up_ = true;
        for (const AnyTask& task : all_tasks(*this)) what += "; " + task.get_name();
        throw std::logic_error(what);
    }

    int patience_;
    long passes_ = 0;
    bool gave_up_ = false;
};

// Everything that is reported in one run.
class Reported {
public:
    explicit Reported(const Fault& fault) : fault_(fault) {}

    void watch(EventLoop& loop) {
        loop.set_exception_handler([this](EventLoop&, const ExceptionContext& context) {
            const bool expected = fault_.is_told() && context.exception && says_it_failed(context.exception);
            if (!expected) unexpected_ += context.message + ": " + text_of(context.exception) + "\n";
        });
    }
    void check() const {
        if (!unexpected_.empty()) throw std::logic_error("reported: " + unexpected_);
        if (unraisables_.count() > 0) throw std::logic_error("something was thrown where nothing can be");
    }

private:
    const Fault& fault_;
    std::string unexpected_;
    CapturedUnraisables unraisables_;
    CapturedWarnings warnings_;
};

// The end of what the body has begun: connections that close, tasks that notice.
void check_tasks() {
    for (int turns = 0; turns < 300 && all_tasks().size() > 1; ++turns) await(sleep(Duration()));
    for (const AnyTask& task : all_tasks()) {
        if (task != current_task()) throw std::logic_error("a task is left: " + task.get_name());
    }
}

void run_in_new_loop(const std::function<void()>& body, const Fault& fault, Reported& reported, int patience) {
    std::exception_ptr error;
    try {
        Runner runner(RunOptions().loop_factory([=] { return std::unique_ptr<EventLoop>(new BoundedLoop(patience)); }));
        reported.watch(runner.get_loop());
        try {
            runner.run(body);
        } catch (const std::logic_error&) {
            throw;
        } catch (...) {
            error = std::current_exception();
        }
        runner.run(&check_tasks);
        runner.close();
    } catch (const std::system_error&) {
        error = std::current_exception();  // there is no loop, or it cannot go on
    }
    if (error && !(fault.is_told() && says_it_failed(error))) std::rethrow_exception(error);
}

// True when the call was reached. `kinds`: counts the calls, of each kind, if not null.
bool run_once(const std::function<void()>& body, const std::function<void()>& check, const Fault& fault, int patience,
              bool* kinds) {
    const int before = open_descriptors();
    bool reached;
    {
        Reported reported(fault);
        WatchedCalls calls(fault.call, fault.nth, fault.error);
        run_in_new_loop(body, fault, reported, patience);
        reached = calls.failed();
        for (int kind = 0; kinds != nullptr && kind < static_cast<int>(SystemCall::last); ++kind) {
            kinds[kind] = calls.count(static_cast<SystemCall>(kind)) > 0;
        }
        reported.check();
    }
    if (check) check();
    if (open_descriptors() != before) throw std::logic_error("a descriptor is left");
    return reached;
}

}  // namespace

int fail_every_system_call(const std::function<void()>& body, const std::function<void()>& check,
                           const FaultOptions& options) {
    bool kinds[static_cast<int>(SystemCall::last)] = {};
    Fault fault;
    int runs = 0;
    try {
        run_once(body, check, fault, options.patience, kinds);
        for (int kind = 0; kind < static_cast<int>(SystemCall::last); ++kind) {
            fault.call = static_cast<SystemCall>(kind);
            const auto& spared = options.spared;
            if (!kinds[kind] || std::find(spared.begin(), spared.end(), fault.call) != spared.end()) continue;
            for (const int error : errors_of(fault.call)) {
                fault.error = error;
                fault.nth = 1;
                while (run_once(body, check, fault, options.patience, nullptr)) ++fault.nth;
                runs += fault.nth - 1;
            }
        }
    } catch (...) {
        std::fprintf(stderr, "cede: the test failed when %s() number %d said: %s\n", name_of(fault.call), fault.nth,
                     std::strerror(fault.error));
        throw;
    }
    return runs;
}

}  // namespace tests
}  // namespace cede
