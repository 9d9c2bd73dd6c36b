// GLib: our loop is a GSource. GLib does not dispatch a source inside itself, and takes its descriptor out of nested turns.
#include <glib-unix.h>
#include <glib.h>

#include "loop/hosts/host.hpp"

namespace hosts {
namespace {

class GlibHost final : public Host {
public:
    explicit GlibHost(cede::EventLoop& loop) : loop_(loop), context_(g_main_context_new()) {
        static GSourceFuncs functions = {&prepare, &check, &dispatch, nullptr, nullptr, nullptr};
        source_ = reinterpret_cast<Source*>(g_source_new(&functions, sizeof(Source)));
        source_->host = this;
        source_->tag = g_source_add_unix_fd(&source_->base, loop.backend_fd(), G_IO_IN);
        g_source_attach(&source_->base, context_);
    }
    ~GlibHost() override {
        detach();
        g_main_context_unref(context_);
    }

    void turn() override {
        g_main_context_iteration(context_, TRUE);
        ++wakeups_;
    }

    void after(std::chrono::milliseconds delay, std::function<void()> callback) override {
        GSource* timer = g_timeout_source_new(static_cast<guint>(delay.count()));
        g_source_set_callback(timer, &call, new std::function<void()>(std::move(callback)), &forget);
        g_source_attach(timer, context_);
        g_source_unref(timer);
    }

    void detach() override {
        if (source_ == nullptr) return;
        g_source_destroy(&source_->base);
        g_source_unref(&source_->base);
        source_ = nullptr;
    }

private:
    struct Source {
        GSource base;
        GlibHost* host;
        gpointer tag;
    };
    static GlibHost& host_of(GSource* source) { return *reinterpret_cast<Source*>(source)->host; }

    static gboolean prepare(GSource* source, gint* timeout) {
        *timeout = host_of(source).loop_.next_timeout_ms();
        return *timeout == 0;
    }
    static gboolean check(GSource* source) {
        const bool readable = g_source_query_unix_fd(source, reinterpret_cast<Source*>(source)->tag) != 0;
        return readable || host_of(source).loop_.next_timeout_ms() == 0;
    }
    static gboolean dispatch(GSource* source, GSourceFunc, gpointer) {
        GlibHost& host = host_of(source);
        host.poll(host.loop_);
        return G_SOURCE_CONTINUE;
    }
    static gboolean call(gpointer callback) {
        (*static_cast<std::function<void()>*>(callback))();
        return G_SOURCE_REMOVE;
    }
    static void forget(gpointer callback) { delete static_cast<std::function<void()>*>(callback); }

    cede::EventLoop& loop_;
    GMainContext* context_;
    Source* source_;
};

}  // namespace

std::unique_ptr<Host> make_host(cede::EventLoop& loop) { return std::unique_ptr<Host>(new GlibHost(loop)); }

}  // namespace hosts
