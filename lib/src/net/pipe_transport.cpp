// What is a pipe's own in the transports of its two ends.
#include "net/pipe_transport.hpp"

#include <stdexcept>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "net/sigpipe.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {
namespace {

int errno_of(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const std::system_error& e) {
        return e.code().category() == std::generic_category() ? e.code().value() : 0;
    } catch (...) {
        return 0;
    }
}

}  // namespace

PipeKind kind_of(const Pipe& pipe) {
    struct stat status;
    if (fstat(pipe.fd(), &status) != 0) throw_errno("the pipe of a transport");
    if (S_ISFIFO(status.st_mode)) return PipeKind::fifo;
    if (S_ISSOCK(status.st_mode)) return PipeKind::socket;
    if (S_ISCHR(status.st_mode)) return PipeKind::device;
    throw std::invalid_argument("a pipe transport is for pipes, sockets and character devices: read and write a regular file "
                                "in a thread, by to_thread()");
}

// --- Reading ---

ReadPipeTransport::ReadPipeTransport(EventLoop& loop, Pipe pipe, std::shared_ptr<BaseProtocol> protocol)
    : DescriptorTransport(loop, pipe.fd(), "pipe"), pipe_(std::move(pipe)), kind_(kind_of(pipe_)) {
    set_protocol(std::move(protocol));
    if (!make_nonblocking(fd_)) throw_errno("make a pipe non-blocking");
}

std::shared_ptr<ReadPipeTransport> ReadPipeTransport::open(EventLoop& loop, Pipe pipe,
                                                           std::shared_ptr<BaseProtocol> protocol, Future<void> made) {
    std::shared_ptr<ReadPipeTransport> self(new ReadPipeTransport(loop, std::move(pipe), std::move(protocol)));
    self->DescriptorTransport::open(self, std::move(made));
    return self;
}

absl::any ReadPipeTransport::get_extra_info(absl::string_view name) const {
    return name == "pipe" ? absl::any(pipe_.fd()) : absl::any();
}

ssize_t ReadPipeTransport::receive(char* buffer, std::size_t size) { return ::read(fd_, buffer, size); }

// The protocol is told in the next iteration, and cannot keep the pipe open: there is nothing that it could still do with it.
void ReadPipeTransport::end_of_stream() {
    closing_ = losing_ = true;
    watch_.stop();
    const std::shared_ptr<DescriptorTransport> self = self_;
    loop_->call_soon([this, self] {
        if (loop_ == nullptr) return;
        const std::shared_ptr<BaseProtocol> protocol = protocol_;
        if (std::exception_ptr error = failure_of([&] { eof_received(); })) {
            report(*loop_, "protocol.eof_received() failed", std::move(error), self);
        }
        connection_lost(nullptr);
    });
}

// EIO is how a terminal says that the other side has hung up.
bool ReadPipeTransport::is_ordinary(const std::exception_ptr& error) const { return errno_of(error) == EIO; }

void ReadPipeTransport::watch_reads(bool on) {
    if (!always_ready_) {
        try {
            return watch_.read(on);
        } catch (const std::system_error& error) {
            always_ready_ = kind_ == PipeKind::device && error.code().value() == EPERM;
            if (!always_ready_) return force_close(std::current_exception());
        }
    }
    if (on) read_soon();
}

void ReadPipeTransport::read_soon() {
    if (std::exchange(reads_soon_, true)) return;
    const std::shared_ptr<DescriptorTransport> self = self_;
    loop_->call_soon([this, self] {
        reads_soon_ = false;
        if (!is_reading()) return;
        on_readable();
        if (is_reading()) read_soon();
    });
}

// --- Writing ---

WritePipeTransport::WritePipeTransport(EventLoop& loop, Pipe pipe, std::shared_ptr<BaseProtocol> protocol)
    : DescriptorTransport(loop, pipe.fd(), "pipe"), pipe_(std::move(pipe)), kind_(kind_of(pipe_)) {
    set_protocol(std::move(protocol));
    if (!make_nonblocking(fd_)) throw_errno("make a pipe non-blocking");
}

std::shared_ptr<WritePipeTransport> WritePipeTransport::open(EventLoop& loop, Pipe pipe,
                                                             std::shared_ptr<BaseProtocol> protocol, Future<void> made) {
    std::shared_ptr<WritePipeTransport> self(new WritePipeTransport(loop, std::move(pipe), std::move(protocol)));
    self->DescriptorTransport::open(self, std::move(made));
    return self;
}

absl::any WritePipeTransport::get_extra_info(absl::string_view name) const {
    return name == "pipe" ? absl::any(pipe_.fd()) : absl::any();
}

void WritePipeTransport::adopt_protocol(BaseProtocol* protocol) {
    if (protocol == nullptr) throw std::invalid_argument("a pipe transport needs a protocol");
}

// A write end becomes "readable" when the last reader has gone. Not so a terminal, where that means input, nor a FIFO that
// was opened for both, where it means our own bytes.
void WritePipeTransport::start() {
    const bool one_way = (fcntl(fd_, F_GETFL) & O_ACCMODE) == O_WRONLY;
    if (!losing_ && (kind_ == PipeKind::socket || (kind_ == PipeKind::fifo && one_way))) watch_peer(true);
}

void WritePipeTransport::watch_peer(bool on) {
    try {
        watch_.read(on);
    } catch (const std::system_error&) {
        force_close(std::current_exception());
    }
}

void WritePipeTransport::on_readable() {
    if (losing_) return;
    if (kind_ == PipeKind::socket) {
        char byte;
        const ssize_t count = ::recv(fd_, &byte, 1, MSG_PEEK);
        if (count > 0) return watch_peer(false);  // the peer talks, and nobody listens: a write will tell when it has gone
        if (count < 0 && (would_block(errno) || errno == EINTR)) return;
    }
    const bool cut_off = !is_flushed();
    force_close(cut_off ? std::make_exception_ptr(os_error(EPIPE, "the reader of a pipe has gone")) : nullptr);
}

ssize_t WritePipeTransport::send_one(absl::string_view data) {
    if (kind_ == PipeKind::socket) return ::send(fd_, data.data(), data.size(), send_flags);
    const WithoutSigpipe guard;
    return ::write(fd_, data.data(), data.size());
}

ssize_t WritePipeTransport::send_many(const iovec* pieces, std::size_t count) {
    if (kind_ == PipeKind::socket) {
        msghdr message = {};
        message.msg_iov = const_cast<iovec*>(pieces);
        message.msg_iovlen = count;
        return ::sendmsg(fd_, &message, send_flags);
    }
    const WithoutSigpipe guard;
    return ::writev(fd_, pieces, static_cast<int>(count));
}

}  // namespace detail
}  // namespace cede
