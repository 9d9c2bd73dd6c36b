// What Asio's coroutines lack for these rows: something one of them waits for and another sets, each time once. The work
// is that of a future's: keep the waiter's handler, and let the loop run it.
#ifndef CEDE_BENCH_CORE_ASIO_EVENT_HPP
#define CEDE_BENCH_CORE_ASIO_EVENT_HPP

#include <boost/asio/async_result.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <utility>

namespace bench {

class AsioEvent {
public:
    explicit AsioEvent(boost::asio::io_context& context) : context_(context) {}

    // With any completion token: a yield_context, use_awaitable. Takes back what set() said.
    template <class Token>
    auto wait(Token&& token) {
        return boost::asio::async_initiate<Token, void()>([this](auto&& handler) { keep(std::move(handler)); }, token);
    }
    void set() {
        if (waiter_ == nullptr) {
            set_ = true;
            return;
        }
        const std::unique_ptr<Waiter> waiter = std::move(waiter_);
        waiter->post(context_);
    }

private:
    struct Waiter {
        virtual ~Waiter() = default;
        virtual void post(boost::asio::io_context& context) = 0;
    };
    template <class Handler>
    struct WaiterOf final : Waiter {
        explicit WaiterOf(Handler&& h) : handler(std::move(h)) {}
        void post(boost::asio::io_context& context) override { boost::asio::post(context, std::move(handler)); }
        Handler handler;
    };

    template <class Handler>
    void keep(Handler&& handler) {
        if (set_) {
            set_ = false;
            boost::asio::post(context_, std::move(handler));
        } else {
            waiter_.reset(new WaiterOf<std::decay_t<Handler>>(std::move(handler)));
        }
    }

    boost::asio::io_context& context_;
    std::unique_ptr<Waiter> waiter_;
    bool set_ = false;
};

}  // namespace bench

#endif
