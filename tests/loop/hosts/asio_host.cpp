// Boost.Asio: it has no hook before a wait, so the io_context waits for our descriptor and for a timer, both set anew after
// each poll_once(). That is enough: what its callbacks schedule makes the descriptor readable.
#include <boost/asio.hpp>

#include <unistd.h>

#include "loop/hosts/host.hpp"

namespace hosts {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

class AsioHost final : public Host {
public:
    // A duplicate, since a stream_descriptor closes what it has.
    explicit AsioHost(cede::EventLoop& loop) : loop_(&loop), readable_(io_, ::dup(loop.backend_fd())), timer_(io_) { wait(); }

    void turn() override {
        if (io_.stopped()) io_.restart();
        io_.run_one();
        ++wakeups_;
    }

    void after(std::chrono::milliseconds delay, std::function<void()> callback) override {
        const auto timer = std::make_shared<asio::steady_timer>(io_, delay);
        timer->async_wait([timer, callback](const error_code&) { callback(); });
    }

    void detach() override {
        loop_ = nullptr;
        readable_.close();
        timer_.cancel();
    }

private:
    void wait() {
        if (!waits_) {
            waits_ = true;
            readable_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& error) {
                waits_ = false;
                if (!error) look();
            });
        }
        const auto timeout = loop_->next_timeout();
        timer_.cancel();
        if (!timeout) return;
        timer_.expires_after(std::chrono::nanoseconds(*timeout));
        timer_.async_wait([this](const error_code& error) { if (!error) look(); });
    }

    void look() {
        // Called inside one of our tasks, by a turn of its own: the call further up the stack sets both waits anew.
        if (loop_ == nullptr || !poll(*loop_)) return;
        if (loop_ != nullptr) wait();
    }

    cede::EventLoop* loop_;
    asio::io_context io_{1};
    asio::posix::stream_descriptor readable_;
    asio::steady_timer timer_;
    bool waits_ = false;
};

}  // namespace

std::unique_ptr<Host> make_host(cede::EventLoop& loop) { return std::unique_ptr<Host>(new AsioHost(loop)); }

}  // namespace hosts
