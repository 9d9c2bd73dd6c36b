// Tasks in a program on libuv (a plugin of Neovim's or of Node's, say): libuv waits for our loop, in the same thread. A timer of
// libuv's and tasks run side by side; a callback of libuv's completes a future that a task waits for.
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <utility>

#include <uv.h>

#include <cede/cede.hpp>

using namespace std::chrono_literals;
using cede::await;

// The whole of the glue. Call stop() before the loop is closed, and let libuv run after that: it forgets handles in its own time.
class LibuvHosting {
public:
    LibuvHosting(cede::EventLoop& loop, uv_loop_t* uv) : loop_(loop), uv_(uv) {
        uv_poll_init(uv, &readable_, loop.backend_fd());
        uv_prepare_init(uv, &prepare_);
        uv_check_init(uv, &check_);
        uv_timer_init(uv, &timer_);
        readable_.data = prepare_.data = check_.data = this;
        uv_poll_start(&readable_, UV_READABLE, [](uv_poll_t* handle, int, int) { of(handle).work_ = true; });
        uv_prepare_start(&prepare_, [](uv_prepare_t* handle) { of(handle).before_waiting(); });
        uv_check_start(&check_, [](uv_check_t* handle) { of(handle).after_waiting(); });
    }
    LibuvHosting(const LibuvHosting&) = delete;
    LibuvHosting& operator=(const LibuvHosting&) = delete;

    void stop() {
        uv_poll_stop(&readable_);
        for (uv_handle_t* handle : {reinterpret_cast<uv_handle_t*>(&readable_), reinterpret_cast<uv_handle_t*>(&prepare_),
                                    reinterpret_cast<uv_handle_t*>(&check_), reinterpret_cast<uv_handle_t*>(&timer_)}) {
            uv_close(handle, nullptr);
        }
    }

private:
    template <class Handle>
    static LibuvHosting& of(Handle* handle) { return *static_cast<LibuvHosting*>(handle->data); }

    void before_waiting() {
        const int timeout = loop_.next_timeout_ms();
        if (timeout < 0) {
            uv_timer_stop(&timer_);
        } else {
            uv_update_time(uv_);  // timers count from the time that libuv has last read
            uv_timer_start(&timer_, [](uv_timer_t*) {}, static_cast<std::uint64_t>(timeout), 0);
        }
    }

    void after_waiting() {
        if (!work_ && loop_.next_timeout_ms() != 0) return;
        work_ = false;
        try {
            loop_.poll_once();
        } catch (...) {  // KeyboardInterrupt and its kin; what else fails has gone to the loop's exception handler
            std::cerr << "the loop was interrupted\n";
            std::terminate();  // no exception may pass through libuv, which is C
        }
    }

    cede::EventLoop& loop_;
    uv_loop_t* const uv_;
    bool work_ = false;
    uv_poll_t readable_;
    uv_prepare_t prepare_;
    uv_check_t check_;
    uv_timer_t timer_;
};

// A timer of libuv's that ticks three times, then tells whoever awaits `ticked`.
struct Ticker {
    Ticker(uv_loop_t* uv, cede::Future<int> to_tell) : ticked(std::move(to_tell)) {
        uv_timer_init(uv, &timer);
        timer.data = this;
    }
    void start() {
        uv_timer_start(&timer, [](uv_timer_t* handle) { static_cast<Ticker*>(handle->data)->tick(); }, 5, 5);
    }
    void tick() {
        std::cout << "libuv: tick " << ++ticks << "\n";
        if (ticks < 3) return;
        ticked.set_result(ticks);
        uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
    }
    cede::Future<int> ticked;
    uv_timer_t timer;
    int ticks = 0;
};

cede::Coroutine<void> download(int number) {
    return [=] {
        await(cede::sleep(50ms * number));
        std::cout << "task: download " << number << " is here\n";
    };
}

int main() {
    const auto loop = cede::new_event_loop();
    uv_loop_t uv;
    uv_loop_init(&uv);
    LibuvHosting hosting(*loop, &uv);
    Ticker ticker(&uv, loop->create_future<int>());
    const auto task = loop->create_task([&] {
        await(cede::gather(download(2), download(1)));
        ticker.start();
        const int ticks = await(ticker.ticked);
        std::cout << "task: libuv has ticked " << ticks << " times\n";
        const int sum = await(cede::to_thread([] { return 20 + 22; }));
        std::cout << "task: a thread said: " << sum << "\n";
    });
    task.add_done_callback([&] { hosting.stop(); });
    uv_run(&uv, UV_RUN_DEFAULT);  // ends when nothing of libuv's is left: the ticker, and our hosting
    task.result();                // throws what it ended with
    loop->close();
    uv_loop_close(&uv);
    std::cout << "both loops have ended\n";
}
