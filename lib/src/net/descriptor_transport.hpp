// What it is: what the transports of a stream socket and of the two ends of a pipe have in common: the life of a transport
// on a descriptor, its reading half and its writing half. Their diamond follows that of the public interfaces.
//
// Its life: open() registers it with its loop, which keeps it (`self_`) until connection_lost has been called or the loop
// closes, whatever the protocol does with its own pointer. So a transport is never destroyed while the selector or a queued
// call refers to it, and its last owner may go on any thread.
//
//   opening -> connection_made -> ... reads and writes ... -> closing_ (close: the buffer is still sent)
//           -> losing_ (connection_lost is scheduled; descriptor out of the selector) -> released (loop_ is null)
//
// Every call of a protocol may close, abort or switch the protocol, drop any pointer and throw: after one, nothing is known
// but what is looked at again.
#ifndef CEDE_SRC_NET_DESCRIPTOR_TRANSPORT_HPP
#define CEDE_SRC_NET_DESCRIPTOR_TRANSPORT_HPP

#include <cstdint>
#include <memory>
#include <string>

#include <sys/types.h>

#include "cede/loop/event_loop.hpp"
#include "cede/net/protocol.hpp"
#include "cede/net/transport.hpp"
#include "cede/loop/runnable.hpp"
#include "loop/owned_list.hpp"
#include "net/fd_watch.hpp"
#include "net/protocol_calls.hpp"
#include "net/write_buffer.hpp"

namespace cede {
namespace detail {

class DescriptorTransport : public virtual BaseTransport, protected FdEvents, private LoopOwned {
public:
    ~DescriptorTransport() override;

    void close() override;
    bool is_closing() const override { return closing_; }
    void set_protocol(std::shared_ptr<BaseProtocol> protocol) override;
    std::shared_ptr<BaseProtocol> get_protocol() const override { return protocol_; }

protected:
    // `kind` is for messages: "socket", "pipe". Throws RuntimeError when the loop is closed or another transport has the fd.
    DescriptorTransport(EventLoop& loop, int fd, const char* kind);
    // Calls connection_made in the next iteration, then completes `made`, if any.
    void open(std::shared_ptr<DescriptorTransport> self, Future<void> made);

    // A system call has failed: closes with that error. `call`: "read", "write".
    void fail(int error, const char* call);
    void fatal_error(std::exception_ptr error, const char* message);
    void force_close(std::exception_ptr error);
    void lose(std::exception_ptr error);
    void connection_lost(std::exception_ptr error);
    // What was buffered at close() is sent.
    void finish_close();

    // Of those that write. The event on or off; the connection fails when the system refuses.
    void watch_writes(bool on);
    // Tell the protocol, once, when what is buffered has passed a mark.
    void pause_protocol(std::size_t buffered);
    void resume_protocol(std::size_t buffered);
    // True when data is to be dropped because of close(); from the fifth time on with a warning.
    bool drops_data();

    // Throws std::invalid_argument for a protocol that this transport cannot serve.
    virtual void adopt_protocol(BaseProtocol* protocol) = 0;
    // connection_made() has been called.
    virtual void start() = 0;
    virtual void stop_reading() {}
    virtual bool is_flushed() const { return true; }
    // The loop closes: what was never offered to the system is, for the last time.
    virtual void offer_held_back() noexcept {}
    virtual void drop_buffer() noexcept {}
    // Whether an error concerns the protocol alone, and nobody else is told.
    virtual bool is_ordinary(const std::exception_ptr& error) const { return is_os_error(error); }
    virtual void close_descriptor() noexcept = 0;
    // The end of release().
    virtual void released() noexcept {}
    // For a warning: "ADDRESS to ADDRESS".
    virtual std::string name() const = 0;

    EventLoop* loop_;
    const int fd_;
    FdWatch watch_;
    std::shared_ptr<DescriptorTransport> self_;
    std::shared_ptr<BaseProtocol> protocol_;
    WriteFlow flow_;
    bool closing_ = false;
    bool losing_ = false;

private:
    // connection_lost is on its way, by no allocation that could fail.
    class Loss final : public Runnable {
    public:
        explicit Loss(DescriptorTransport& of) noexcept : of_(of) {}
        void run() override { of_.connection_lost(std::move(error)); }
        void discard() noexcept override {}
        std::string describe() const override { return "the loss of a connection"; }
        std::exception_ptr error;

    private:
        DescriptorTransport& of_;
    };

    void begin(const Future<void>& made);
    void connection_made();
    void release() noexcept;
    void loop_closes() noexcept override;

    const char* const kind_;
    Loss loss_;
    int dropped_writes_ = 0;
    bool made_ = false;  // connection_made() has been called
};

class ReadingTransport : public virtual ReadTransport, public virtual DescriptorTransport {
public:
    bool is_reading() const override { return !closing_ && !paused_; }
    void pause_reading() override;
    void resume_reading() override;
    // The peer will send no more, and the protocol that was told so kept the connection for writing.
    bool read_ended() const noexcept { return read_ended_; }

protected:
    ReadingTransport() = default;

    // At most `size` bytes: how many, 0 at the end of the stream, -1 with errno.
    virtual ssize_t receive(char* buffer, std::size_t size) = 0;
    virtual void end_of_stream() = 0;

    void adopt_protocol(BaseProtocol* protocol) override;
    void start() override;
    void stop_reading() override { watch_reads(false); }
    void on_readable() override;
    bool eof_received() { return plain_ != nullptr ? plain_->eof_received() : buffered_->eof_received(); }
    virtual void watch_reads(bool on);

    bool read_ended_ = false;

private:
    void read_into_loop_buffer();
    void read_into_protocol();
    void nothing_received(ssize_t count);

    // The protocol, as the kind that it is; one of the two is null.
    Protocol* plain_ = nullptr;
    BufferedProtocol* buffered_ = nullptr;
    bool paused_ = false;  // pause_reading()
};

// The first write of an iteration goes to the system at once. Small ones that follow in the same iteration are held back and
// joined, and go together: by a drain(), when there are too many of them, when something else is asked of the transport, and
// at the latest in the loop's next iteration, or when it stops before. So a thousand small writes are two system calls, and a
// single one waits for nobody.
class WritingTransport : public virtual WriteTransport, public virtual DescriptorTransport {
public:
    void close() override;
    void write(absl::string_view data) override;
    void writelines(absl::Span<const absl::string_view> data) override;
    void write_eof() override;
    bool can_write_eof() const override { return true; }
    void abort() override;
    void flush() override;
    void set_write_buffer_limits(absl::optional<std::size_t> high, absl::optional<std::size_t> low) override;
    Limits get_write_buffer_limits() const override { return flow_.limits(); }
    std::size_t get_write_buffer_size() const override { return buffer_.size(); }

protected:
    WritingTransport() : held_back_(*this) {}

    // How much of it the system took, or -1 with errno.
    virtual ssize_t send_one(absl::string_view data) = 0;
    virtual ssize_t send_many(const iovec* pieces, std::size_t count) = 0;
    // After write_eof(), once everything is sent.
    virtual void shut_down_sending() {}
    // Of a sendfile in progress: nothing that was written before is buffered, and the descriptor takes more.
    virtual void can_send() {}

    void on_writable() override;
    bool is_flushed() const override { return buffer_.empty(); }
    void offer_held_back() noexcept override;
    void drop_buffer() noexcept override;

    bool write_ended_ = false;   // write_eof()
    bool sending_file_ = false;  // nobody else may write

private:
    // What is in the buffer was never offered to the system, and will be when this runs.
    class HeldBack final : public Runnable {
    public:
        explicit HeldBack(WritingTransport& of) noexcept : of_(of) {}
        void run() override;
        void discard() noexcept override {}
        std::string describe() const override { return "the writes that a transport has joined"; }
        bool cannot_wait() const noexcept override { return true; }

    private:
        WritingTransport& of_;
    };

    // Whether what is written after close() is sent as long as what was written before is.
    virtual bool takes_more_while_closing() const noexcept { return false; }

    bool refuses(const char* call, bool empty);
    bool goes_behind_the_rest() const noexcept;
    bool holds_back(std::size_t size);
    bool is_holding() const noexcept;
    void stop_holding() noexcept;
    ssize_t try_send(const iovec* pieces, std::size_t count);
    void send_held_back();
    void send_buffer();
    void after_flush();
    void wait_until_writable();

    WriteBuffer buffer_;
    HeldBack held_back_;  // scheduled for as long as something is held back
    std::uint64_t sent_in_ = 0;  // the iteration in which a write went to the system
};

}  // namespace detail
}  // namespace cede

#endif
