// What it is: the transports of the two ends of a pipe: asyncio's _UnixReadPipeTransport and _UnixWritePipeTransport. How
// they live, read and write is in descriptor_transport.hpp.
#ifndef CEDE_SRC_NET_PIPE_TRANSPORT_HPP
#define CEDE_SRC_NET_PIPE_TRANSPORT_HPP

#include <memory>
#include <string>

#include "cede/net/pipe.hpp"
#include "net/descriptor_transport.hpp"

namespace cede {
namespace detail {

// What a pipe transport's descriptor is; they differ in what can be asked of them.
enum class PipeKind { fifo, socket, device };
// Throws std::invalid_argument for what is none, std::system_error for a closed one.
PipeKind kind_of(const Pipe& pipe);

class ReadPipeTransport final : public ReadingTransport {
public:
    // Calls connection_made in the next iteration, then completes `made`, if any. Throws std::invalid_argument for a
    // descriptor or a protocol of a wrong kind, RuntimeError when the loop is closed or another transport has the fd.
    static std::shared_ptr<ReadPipeTransport> open(EventLoop& loop, Pipe pipe, std::shared_ptr<BaseProtocol> protocol,
                                                   Future<void> made);

    absl::any get_extra_info(absl::string_view name) const override;

private:
    ReadPipeTransport(EventLoop& loop, Pipe pipe, std::shared_ptr<BaseProtocol> protocol);

    ssize_t receive(char* buffer, std::size_t size) override;
    void end_of_stream() override;
    void watch_reads(bool on) override;
    void on_writable() override {}
    bool is_ordinary(const std::exception_ptr& error) const override;
    void close_descriptor() noexcept override { pipe_.close(); }
    std::string name() const override { return "pipe " + std::to_string(fd_); }
    void read_soon();

    Pipe pipe_;
    const PipeKind kind_;
    // /dev/null and its kin are always ready, and epoll refuses them: they are read in each iteration.
    bool always_ready_ = false;
    bool reads_soon_ = false;
};

class WritePipeTransport final : public WritingTransport {
public:
    static std::shared_ptr<WritePipeTransport> open(EventLoop& loop, Pipe pipe, std::shared_ptr<BaseProtocol> protocol,
                                                    Future<void> made);

    absl::any get_extra_info(absl::string_view name) const override;
    // The end of what is written is the end of the pipe.
    void write_eof() override { close(); }

private:
    WritePipeTransport(EventLoop& loop, Pipe pipe, std::shared_ptr<BaseProtocol> protocol);

    void adopt_protocol(BaseProtocol* protocol) override;
    void start() override;
    void on_readable() override;
    ssize_t send_one(absl::string_view data) override;
    ssize_t send_many(const iovec* pieces, std::size_t count) override;
    void close_descriptor() noexcept override { pipe_.close(); }
    std::string name() const override { return "pipe " + std::to_string(fd_); }
    void watch_peer(bool on);

    Pipe pipe_;
    const PipeKind kind_;
};

}  // namespace detail
}  // namespace cede

#endif
