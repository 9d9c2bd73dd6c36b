// What it is: what the net room keeps for one loop.
#ifndef CEDE_SRC_NET_NETWORK_STATE_HPP
#define CEDE_SRC_NET_NETWORK_STATE_HPP

#include <cstddef>
#include <memory>
#include <vector>

#include "loop/owned_list.hpp"
#include "net/datagram_inbox.hpp"

namespace cede {
namespace detail {

// Bytes read at once; asyncio's number. Pages of the buffer that no read has reached cost nothing.
constexpr std::size_t read_buffer_size = 256 * 1024;

// Bytes of ciphertext handed to the transport below at once: four full records of TLS, and a little more for their frames.
constexpr std::size_t cipher_buffer_size = 68 * 1024;

class NetworkState {
public:
    // A buffer for ciphertext on its way out, while this lives. One for all connections of the loop, but TLS inside TLS takes a
    // second one while the outer has the first.
    class CipherBuffer {
    public:
        explicit CipherBuffer(NetworkState& of) : of_(of) {
            if (of_.cipher_buffers_in_use_ == of_.cipher_buffers_.size()) {
                of_.cipher_buffers_.push_back(std::unique_ptr<char[]>(new char[cipher_buffer_size]));
            }
            data_ = of_.cipher_buffers_[of_.cipher_buffers_in_use_++].get();
        }
        ~CipherBuffer() { --of_.cipher_buffers_in_use_; }
        CipherBuffer(const CipherBuffer&) = delete;
        CipherBuffer& operator=(const CipherBuffer&) = delete;
        char* data() const noexcept { return data_; }

    private:
        NetworkState& of_;
        char* data_;
    };

    // One for all connections of the loop, because what is read is handed on before the next read: a fresh buffer for each
    // would cost its page faults, or a copy.
    char* read_buffer() {
        if (read_buffer_ == nullptr) read_buffer_.reset(new char[read_buffer_size]);
        return read_buffer_.get();
    }

    // For what is copied as soon as it is read. Not the one above: a protocol that is looking at what was read may start an eager
    // task, which reads from a socket.
    char* copied_buffer() {
        if (copied_buffer_ == nullptr) copied_buffer_.reset(new char[read_buffer_size]);
        return copied_buffer_.get();
    }

    // For datagrams, of which many are read at once.
    DatagramInbox& inbox() {
        if (inbox_ == nullptr) inbox_.reset(new DatagramInbox());
        return *inbox_;
    }

    // What the loop closes when it closes: transports and servers.
    OwnedList open;

private:
    std::unique_ptr<char[]> read_buffer_;
    std::unique_ptr<char[]> copied_buffer_;
    std::unique_ptr<DatagramInbox> inbox_;
    std::vector<std::unique_ptr<char[]>> cipher_buffers_;
    std::size_t cipher_buffers_in_use_ = 0;
};

}  // namespace detail
}  // namespace cede

#endif
