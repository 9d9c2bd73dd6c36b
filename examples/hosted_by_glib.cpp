// Tasks in a GTK or GStreamer program: our loop is a GSource of GLib's main context, in the same thread as everything of GLib's.
// A GLib timer and tasks run side by side; a callback of GLib's completes a future that a task waits for, and a task calls GLib.
#include <chrono>
#include <exception>
#include <iostream>
#include <string>

#include <glib-unix.h>
#include <glib.h>

#include <cede/cede.hpp>

using namespace std::chrono_literals;
using cede::await;

// The whole of the glue. While it lives, the GMainContext runs the loop. Destroy it before the loop is closed.
class GlibHosting {
public:
    explicit GlibHosting(cede::EventLoop& loop, GMainContext* context = nullptr) {
        static GSourceFuncs functions = {&prepare, &check, &dispatch, nullptr, nullptr, nullptr};
        source_ = reinterpret_cast<Source*>(g_source_new(&functions, sizeof(Source)));
        source_->loop = &loop;
        source_->tag = g_source_add_unix_fd(&source_->base, loop.backend_fd(), G_IO_IN);
        g_source_attach(&source_->base, context);
    }
    ~GlibHosting() {
        g_source_destroy(&source_->base);
        g_source_unref(&source_->base);
    }
    GlibHosting(const GlibHosting&) = delete;
    GlibHosting& operator=(const GlibHosting&) = delete;

private:
    struct Source {
        GSource base;
        cede::EventLoop* loop;
        gpointer tag;
    };
    static Source& of(GSource* source) { return *reinterpret_cast<Source*>(source); }

    // Before GLib waits: how long it may. After it has waited: whether there is something to do.
    static gboolean prepare(GSource* source, gint* timeout) {
        *timeout = of(source).loop->next_timeout_ms();
        return *timeout == 0;
    }
    static gboolean check(GSource* source) {
        return g_source_query_unix_fd(source, of(source).tag) != 0 || of(source).loop->next_timeout_ms() == 0;
    }
    // GLib calls it for no source inside itself, so that a task may run a dialog's nested main loop.
    static gboolean dispatch(GSource* source, GSourceFunc, gpointer) {
        try {
            of(source).loop->poll_once();
        } catch (...) {  // KeyboardInterrupt and its kin; what else fails has gone to the loop's exception handler
            std::cerr << "the loop was interrupted\n";
            std::terminate();  // no exception may pass through GLib, which is C
        }
        return G_SOURCE_CONTINUE;
    }

    Source* source_;
};

struct Program {
    cede::EventLoop& loop;
    GMainLoop* main;
    cede::Future<std::string> clicked;
    int ticks = 0;
};

// As a button's "clicked" would be called.
gboolean on_tick(gpointer data) {
    Program& program = *static_cast<Program*>(data);
    std::cout << "GLib: tick " << ++program.ticks << "\n";
    if (program.ticks < 3) return G_SOURCE_CONTINUE;
    program.clicked.set_result("the third tick");
    return G_SOURCE_REMOVE;
}

cede::Coroutine<void> download(int number) {
    return [=] {
        await(cede::sleep(50ms * number));
        std::cout << "task: download " << number << " is here\n";
    };
}

void work(Program& program) {
    await(cede::gather(download(2), download(1)));
    g_timeout_add(5, &on_tick, &program);
    const std::string what = await(program.clicked);
    std::cout << "task: GLib said: " << what << "\n";
    const int sum = await(cede::to_thread([] { return 20 + 22; }));
    std::cout << "task: a thread said: " << sum << "\n";
}

int main() {
    const auto loop = cede::new_event_loop();
    Program program{*loop, g_main_loop_new(nullptr, FALSE), loop->create_future<std::string>()};
    {
        const GlibHosting hosting(*loop);
        const auto task = loop->create_task([&] { work(program); });
        task.add_done_callback([&] { g_main_loop_quit(program.main); });
        g_main_loop_run(program.main);
        task.result();  // throws what it ended with
    }
    g_main_loop_unref(program.main);
    loop->close();
    std::cout << "both loops have ended\n";
}
