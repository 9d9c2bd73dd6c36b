// The writing half of a transport: sent at once if the system takes it, else buffered and sent when it does.
#include <algorithm>

#include "cede/base/exceptions.hpp"
#include "loop/loop_impl.hpp"
#include "net/descriptor_transport.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {
namespace {

// Pieces handed to the system in one call. More would overflow no kernel's limit (1024), but 64 joined chunks are a MiB,
// and a socket buffer rarely takes that.
constexpr std::size_t most_pieces = 64;

// Larger ones are not joined with others: copying them would cost more than a system call.
constexpr std::size_t most_of_a_small_write = 4 * 1024;
// Held back at the most, in bytes: what an empty socket buffer takes as a rule. So what a protocol that never cedes writes does
// not pile up.
constexpr std::size_t most_held_back = 128 * 1024;
static_assert(most_held_back / (WriteBuffer::join_limit - most_of_a_small_write) < most_pieces, "or a flush is two calls");

}  // namespace

// Whether data is to be dropped. Throws RuntimeError after write_eof().
bool WritingTransport::refuses(const char* call, bool empty) {
    if (loop_ != nullptr) loop_->check_thread();
    if (write_ended_) throw RuntimeError(std::string("Cannot call ") + call + " after write_eof()");
    if (sending_file_ && !closing_) {
        throw RuntimeError(std::string("Cannot call ") + call + " while a sendfile is in progress: await that first");
    }
    return empty || (!goes_behind_the_rest() && drops_data());
}

// Closing, and with something to send still, to which a socket adds what is written, as in asyncio: who half-closes after its
// request gets the whole answer, though the protocol's eof_received() has closed.
bool WritingTransport::goes_behind_the_rest() const noexcept {
    return closing_ && !losing_ && !buffer_.empty() && !sending_file_ && takes_more_while_closing();
}

void WritingTransport::write(absl::string_view data) {
    if (refuses("write()", data.empty())) return;
    if (holds_back(data.size())) return buffer_.append(data);
    if (losing_) return;  // what was held back could not be sent: to go on behind it would leave a hole
    if (buffer_.empty()) {
        sent_in_ = loop_->impl().iteration;
        const ssize_t sent = send_one(data);
        if (sent == static_cast<ssize_t>(data.size())) return;
        if (sent < 0 && !would_block(errno) && errno != EINTR) return fail(errno, "write");
        if (sent > 0) data.remove_prefix(static_cast<std::size_t>(sent));
    }
    buffer_.append(data);
    wait_until_writable();
}

void WritingTransport::writelines(absl::Span<const absl::string_view> data) {
    if (refuses("writelines()", data.empty())) return;
    std::size_t size = 0;
    for (absl::string_view piece : data) size += piece.size();
    if (holds_back(size)) {
        for (absl::string_view piece : data) buffer_.append(piece);
        return;
    }
    if (losing_) return;
    sent_in_ = loop_->impl().iteration;
    while (!data.empty() && buffer_.empty()) {
        const absl::Span<const absl::string_view> some = data.first(std::min(data.size(), most_pieces));
        data.remove_prefix(some.size());
        iovec pieces[most_pieces];
        for (std::size_t i = 0; i < some.size(); ++i) {
            pieces[i].iov_base = const_cast<char*>(some[i].data());
            pieces[i].iov_len = some[i].size();
        }
        const ssize_t sent = try_send(pieces, some.size());
        if (sent < 0) return;
        std::size_t sent_before = static_cast<std::size_t>(sent);
        for (absl::string_view piece : some) {
            const std::size_t skipped = std::min(sent_before, piece.size());
            sent_before -= skipped;
            buffer_.append(piece.substr(skipped));
        }
    }
    for (absl::string_view piece : data) buffer_.append(piece);
    if (!buffer_.empty()) wait_until_writable();
}

void WritingTransport::wait_until_writable() {
    watch_writes(true);
    pause_protocol(buffer_.size());
}

// Whether a write of `size` bytes is to be appended to what is held back, which then is on its way already.
bool WritingTransport::holds_back(std::size_t size) {
    if (!loop_->is_running()) return false;
    if (held_back_.linked()) {
        if (size <= most_of_a_small_write && buffer_.size() + size <= most_held_back) return true;
        flush();
        return false;
    }
    if (!buffer_.empty() || size > most_of_a_small_write || sent_in_ != loop_->impl().iteration) return false;
    loop_->enqueue(held_back_);
    return true;
}

void WritingTransport::stop_holding() noexcept {
    if (is_holding()) loop_->withdraw(held_back_);
}

// In the child of a fork() what is held back is the parent's to send, and the queue is the parent's.
bool WritingTransport::is_holding() const noexcept { return held_back_.linked() && !loop_->is_closed(); }

void WritingTransport::HeldBack::run() {
    const std::shared_ptr<DescriptorTransport> alive = of_.self_;
    of_.send_held_back();
}

void WritingTransport::flush() {
    if (!is_holding()) return;
    const std::shared_ptr<DescriptorTransport> alive = self_;
    stop_holding();
    send_held_back();
}

void WritingTransport::send_held_back() {
    send_buffer();
    if (!losing_ && !buffer_.empty()) wait_until_writable();
}

void WritingTransport::offer_held_back() noexcept {
    if (!is_holding()) return;
    iovec pieces[most_pieces];
    send_many(pieces, buffer_.fill(absl::MakeSpan(pieces)));
}

void WritingTransport::drop_buffer() noexcept {
    stop_holding();
    buffer_.clear();
}

// Not inside DescriptorTransport::close(): there what is buffered is waited for, and this needs no waiting.
void WritingTransport::close() {
    flush();
    DescriptorTransport::close();
}

void WritingTransport::abort() {
    flush();  // what was written in time is sent, as if it had gone at once
    force_close(nullptr);
}

// How many bytes were taken, 0 when it would block; -1 when the connection has failed by it.
ssize_t WritingTransport::try_send(const iovec* pieces, std::size_t count) {
    const ssize_t sent = send_many(pieces, count);
    if (sent >= 0) return sent;
    if (would_block(errno) || errno == EINTR) return 0;
    fail(errno, "write");
    return -1;
}

void WritingTransport::on_writable() {
    const std::shared_ptr<DescriptorTransport> alive = self_;
    if (losing_) return;
    if (!buffer_.empty()) return send_buffer();
    if (sending_file_) can_send();
}

void WritingTransport::send_buffer() {
    iovec pieces[most_pieces];
    const ssize_t sent = try_send(pieces, buffer_.fill(absl::MakeSpan(pieces)));
    if (sent <= 0) return;
    buffer_.consume(static_cast<std::size_t>(sent));
    resume_protocol(buffer_.size());
    // The protocol may have written more, or closed: look again.
    if (!losing_ && buffer_.empty()) after_flush();
}

void WritingTransport::after_flush() {
    if (closing_) return finish_close();
    watch_writes(false);
    if (losing_) return;
    if (sending_file_) return can_send();
    if (write_ended_) shut_down_sending();
}

void WritingTransport::write_eof() {
    if (closing_ || write_ended_) return;
    flush();
    if (closing_) return;  // that has failed
    write_ended_ = true;
    if (buffer_.empty() && !sending_file_) shut_down_sending();
}

void WritingTransport::set_write_buffer_limits(absl::optional<std::size_t> high, absl::optional<std::size_t> low) {
    flow_.set_limits(high, low);
    flush();
    pause_protocol(buffer_.size());
}

}  // namespace detail
}  // namespace cede
