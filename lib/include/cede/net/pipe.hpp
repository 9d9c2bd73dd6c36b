// What it is: the owner of a descriptor that a pipe transport is to use: an end of a pipe or FIFO, a socket, a terminal or
// another character device. In asyncio any file object is one.
// When to use it: with loop.connect_read_pipe() and connect_write_pipe(), or to join two children by a pipe of the system.
// When not: for regular files, which are always ready and which no selector can watch; read them in a thread (to_thread).
//
//   auto read = await(loop.connect_read_pipe(factory, Pipe::duplicate(STDIN_FILENO)));
//
// Move-only; the destructor closes the descriptor. Nothing here cedes; use it on one thread at a time. Whatever fails throws
// std::system_error.
#ifndef CEDE_NET_PIPE_HPP
#define CEDE_NET_PIPE_HPP

#include <utility>

#include "cede/net/socket.hpp"

namespace cede {

class Pipe {
public:
    // Closed.
    Pipe() noexcept = default;
    // Takes over `fd` and makes it close-on-exec. It stays the caller's when this throws.
    explicit Pipe(int fd);
    static Pipe from_fd(int fd) { return Pipe(fd); }
    // Another descriptor of what `fd` is, which stays the caller's: the way to use standard input and output. A transport
    // makes its descriptor non-blocking, and whoever shares the open file sees that: so that a program's printf to the
    // same terminal goes on working, terminals, devices and pipes are opened once more where the system can (Linux). What
    // cannot be opened so, a socket for instance, is shared.
    static Pipe duplicate(int fd);
    // The read end and the write end of a new pipe, blocking (as a child process expects them) and close-on-exec.
    static std::pair<Pipe, Pipe> pair();
    // Takes the descriptor of a socket.
    Pipe(Socket socket) noexcept : fd_(socket.release()) {}

    Pipe(Pipe&& other) noexcept : fd_(other.release()) {}
    Pipe& operator=(Pipe&& other) noexcept;
    ~Pipe() { close(); }

    // -1 when closed.
    int fileno() const noexcept { return fd_; }
    int fd() const noexcept { return fd_; }
    // False when closed.
    explicit operator bool() const noexcept { return fd_ >= 0; }
    // Harmless when repeated.
    void close() noexcept;
    // Gives the descriptor to the caller, who closes it; this one is then closed.
    int release() noexcept { return std::exchange(fd_, -1); }

private:
    int fd_ = -1;
};

}  // namespace cede

#endif
