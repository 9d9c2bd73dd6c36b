#include "byte_queue.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace cede {
namespace ssl {
namespace {

// Two full records and their heads.
constexpr std::size_t kept_capacity = 36 * 1024;

Wire& wire_of(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

int write_outgoing(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    if (size <= 0) return 0;
    try {
        wire_of(bio).outgoing.append(absl::string_view(data, static_cast<std::size_t>(size)));
        return size;
    } catch (...) {
        wire_of(bio).failure = std::current_exception();
        BIO_set_retry_write(bio);  // the record stays with OpenSSL, so that nothing is missing should the caller go on
        return -1;
    }
}

int read_incoming(BIO* bio, char* to, int room) {
    BIO_clear_retry_flags(bio);
    if (room <= 0) return 0;
    Wire& wire = wire_of(bio);
    const std::size_t count = wire.incoming.take(to, static_cast<std::size_t>(room));
    if (count == 0 && !wire.eof) {
        BIO_set_retry_read(bio);
        return -1;
    }
    return static_cast<int>(count);
}

long control(BIO* bio, int command, long, void*) {
    switch (command) {
        case BIO_CTRL_FLUSH: return 1;
        case BIO_CTRL_EOF: return wire_of(bio).eof && wire_of(bio).incoming.empty() ? 1 : 0;
        default: return 0;
    }
}

// One for the process. Never freed, since a connection may be among the last things that a program destroys.
const BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
        const int index = BIO_get_new_index();
        BIO_METHOD* const wire = index != -1 ? BIO_meth_new(index | BIO_TYPE_SOURCE_SINK, "cede") : nullptr;
        if (wire == nullptr) throw std::bad_alloc();  // not for ever: the next connection tries again
        BIO_meth_set_write(wire, write_outgoing);
        BIO_meth_set_read(wire, read_incoming);
        BIO_meth_set_ctrl(wire, control);
        return wire;
    }();
    return made;
}

}  // namespace

void ByteQueue::append(absl::string_view bytes) {
    // Moving what is left to the front is worth it when that is less than what has gone before it.
    if (bytes.size() > bytes_.capacity() - bytes_.size() && begin_ > bytes_.size() / 2) {
        bytes_.erase(0, begin_);
        begin_ = 0;
    }
    bytes_.append(bytes.data(), bytes.size());
}

std::size_t ByteQueue::take(char* to, std::size_t room) noexcept {
    const std::size_t count = std::min(room, bytes_.size() - begin_);
    if (count == 0) return 0;
    std::memcpy(to, bytes_.data() + begin_, count);
    begin_ += count;
    if (empty()) {
        if (bytes_.capacity() > kept_capacity) std::string().swap(bytes_);
        bytes_.clear();
        begin_ = 0;
    }
    return count;
}

BIOHandle make_bio(Wire& wire) {
    BIOHandle bio(BIO_new(method()));
    if (bio != nullptr) {
        BIO_set_data(bio.get(), &wire);
        BIO_set_init(bio.get(), 1);
    }
    return bio;
}

}  // namespace ssl
}  // namespace cede
