// What a stream transport does for loop.sendfile(): it stands aside, and tells when its socket takes more.
#include "cede/base/exceptions.hpp"
#include "cede/base/reports.hpp"
#include "cede/task/await.hpp"
#include "net/stream_transport.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {

void StreamTransport::begin_sendfile() {
    if (closing_) throw RuntimeError("sendfile: the transport is closing");
    if (write_ended_) throw RuntimeError("Cannot call sendfile() after write_eof()");
    if (sending_file_) throw RuntimeError("sendfile: another one is in progress on this transport: await that first");
    flush();
    if (closing_) throw os_error(ECONNABORTED, "sendfile: the transport was closed before the end of the file");
    sending_file_ = true;
    // As in asyncio: what the protocol would answer has to wait anyway.
    resumes_reading_ = is_reading();
    pause_reading();
}

void StreamTransport::end_sendfile() {
    sending_file_ = false;
    writable_ = nullptr;
    if (closing_) return;
    if (is_flushed()) watch_writes(false);
    if (resumes_reading_) resume_reading();
    if (write_ended_ && is_flushed()) shut_down_sending();
}

int StreamTransport::sendfile_fd() const {
    if (losing_) throw os_error(ECONNABORTED, "sendfile: the transport was closed before the end of the file");
    return fd_;
}

void StreamTransport::wait_drained() {
    while (!is_flushed()) {
        writable_ = Future<void>(*loop_);
        await(Future<void>(writable_));
    }
    sendfile_fd();
}

void StreamTransport::wait_writable() {
    sendfile_fd();
    writable_ = Future<void>(*loop_);
    watch_writes(true);
    await(Future<void>(writable_));
    sendfile_fd();
}

void StreamTransport::can_send() {
    if (writable_) return wake_sendfile();
    watch_writes(false);  // the file is being read
}

void StreamTransport::wake_sendfile() noexcept {
    const Future<void> waiting = std::exchange(writable_, Future<void>(nullptr));
    if (!waiting || waiting.done()) return;
    try {
        waiting.set_result();
    } catch (...) {
        report_unraisable(std::current_exception(), "a sendfile was woken");
    }
}

void StreamTransport::sendfile_failed(std::exception_ptr error) {
    if (!losing_) fatal_error(std::move(error), "Fatal sendfile error on socket transport");
}

}  // namespace detail
}  // namespace cede
