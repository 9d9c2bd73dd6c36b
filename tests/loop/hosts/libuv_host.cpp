// libuv: prepare sets a timer before each wait, check looks after it.
#include <uv.h>

#include "loop/hosts/host.hpp"

namespace hosts {
namespace {

class LibuvHost final : public Host {
public:
    explicit LibuvHost(cede::EventLoop& loop) : loop_(&loop) {
        uv_loop_init(&uv_);
        uv_poll_init(&uv_, &readable_, loop.backend_fd());
        uv_prepare_init(&uv_, &before_);
        uv_check_init(&uv_, &after_);
        uv_timer_init(&uv_, &timer_);
        readable_.data = before_.data = after_.data = this;
        uv_poll_start(&readable_, UV_READABLE, [](uv_poll_t* handle, int, int) { of(handle->data).look_ = true; });
        uv_prepare_start(&before_, [](uv_prepare_t* handle) { of(handle->data).set_timer(); });
        uv_check_start(&after_, [](uv_check_t* handle) { of(handle->data).check(); });
    }
    ~LibuvHost() override {
        detach();
        uv_walk(&uv_, [](uv_handle_t* handle, void*) { if (!uv_is_closing(handle)) drop(handle); }, nullptr);
        uv_run(&uv_, UV_RUN_DEFAULT);
        uv_loop_close(&uv_);
    }

    void turn() override {
        uv_run(&uv_, UV_RUN_ONCE);
        ++wakeups_;
    }

    bool nests() const override { return false; }  // "uv_run() is not reentrant"

    void after(std::chrono::milliseconds delay, std::function<void()> callback) override {
        auto timer = new Timer{{}, std::move(callback)};
        uv_timer_init(&uv_, &timer->handle);
        timer->handle.data = timer;
        uv_update_time(&uv_);
        uv_timer_start(&timer->handle, [](uv_timer_t* handle) {
            const auto due = std::move(static_cast<Timer*>(handle->data)->callback);
            drop(reinterpret_cast<uv_handle_t*>(handle));
            due();
        }, static_cast<std::uint64_t>(delay.count()), 0);
    }

    void detach() override {
        if (loop_ == nullptr) return;
        loop_ = nullptr;
        uv_poll_stop(&readable_);  // at once, for the descriptor is closed next
        for (auto handle : {reinterpret_cast<uv_handle_t*>(&readable_), reinterpret_cast<uv_handle_t*>(&before_),
                            reinterpret_cast<uv_handle_t*>(&after_), reinterpret_cast<uv_handle_t*>(&timer_)}) {
            uv_close(handle, nullptr);
        }
    }

private:
    struct Timer {
        uv_timer_t handle;
        std::function<void()> callback;
    };
    static LibuvHost& of(void* data) { return *static_cast<LibuvHost*>(data); }
    static void drop(uv_handle_t* handle) {
        uv_close(handle, [](uv_handle_t* closed) { delete static_cast<Timer*>(closed->data); });
    }

    void set_timer() {
        const int timeout = loop_->next_timeout_ms();
        if (timeout < 0) {
            uv_timer_stop(&timer_);
        } else {
            uv_update_time(&uv_);  // a timer counts from the time that libuv has last seen
            uv_timer_start(&timer_, [](uv_timer_t*) {}, static_cast<std::uint64_t>(timeout), 0);
        }
    }
    void check() {
        if (!look_ && loop_->next_timeout_ms() != 0) return;
        look_ = false;
        poll(*loop_);
    }

    cede::EventLoop* loop_;
    bool look_ = false;
    uv_loop_t uv_;
    uv_poll_t readable_;
    uv_prepare_t before_;
    uv_check_t after_;
    uv_timer_t timer_;
};

}  // namespace

std::unique_ptr<Host> make_host(cede::EventLoop& loop) { return std::unique_ptr<Host>(new LibuvHost(loop)); }

}  // namespace hosts
