// What it is: a file that is being sent: a duplicate of the user's descriptor, and how much of it has gone. When to use it: by
// loop.sendfile() and sock_sendfile(). Shared, for a thread may still read it when the task that sends it is cancelled.
#ifndef CEDE_SRC_NET_FILE_SOURCE_HPP
#define CEDE_SRC_NET_FILE_SOURCE_HPP

#include <cstddef>
#include <cstdint>
#include <memory>

#include <sys/types.h>

#include "cede/net/sendfile.hpp"

namespace cede {
namespace detail {

class FileSource {
public:
    // A descriptor that cannot be duplicated makes a source that is not regular, and whose every read fails.
    FileSource(int file, const SendfileOptions& options) noexcept;
    ~FileSource();
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;

    // Throws std::invalid_argument for a negative offset or a count that is not positive, std::system_error when the file
    // could not be duplicated.
    void check() const;
    bool is_regular() const noexcept;

    // How many bytes to ask for next, `most` at the most; 0 at the end of what was asked for.
    std::size_t next(std::size_t most) const noexcept;
    void advance(ssize_t sent) noexcept { sent_ += sent; }
    std::int64_t sent() const noexcept { return sent_; }

    // The system's sendfile() of up to `size` bytes to a socket: how many, 0 at the end of the file, -1 and errno.
    ssize_t send_to(int socket, std::size_t size) noexcept;
    // Any thread. Reads the bytes that are `ahead` of what is sent; as read(2).
    ssize_t read(char* buffer, std::size_t size, std::int64_t ahead) noexcept;
    // Puts the file's position behind what was sent.
    void set_position() noexcept;

private:
    const int fd_;
    const int error_;  // why there is none
    const bool seekable_;
    const std::int64_t offset_;
    const absl::optional<std::int64_t> count_;
    std::int64_t sent_ = 0;
};

}  // namespace detail
}  // namespace cede

#endif
