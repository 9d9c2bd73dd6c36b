// What it is: what the handles of a StreamReader refer to: the bytes, the end or error behind them, and the one task that
// waits for more. Its reading functions are plain ones that cede; StreamReader wraps each into a Coroutine.
#ifndef CEDE_SRC_STREAM_READER_CORE_HPP
#define CEDE_SRC_STREAM_READER_CORE_HPP

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "cede/loop/future.hpp"
#include "cede/net/transport.hpp"
#include "stream/byte_buffer.hpp"
#include "stream/loop_bound.hpp"
#include "stream/separators.hpp"

namespace cede {
namespace detail {

class ReaderCore final : public LoopBound {
public:
    ReaderCore(std::size_t limit, EventLoop& loop);

    void feed_data(absl::string_view data);
    void feed_eof();
    void set_exception(std::exception_ptr error);
    void set_transport(std::shared_ptr<ReadTransport> transport);
    // By one that goes on above it: what was paused is from then on paused there.
    void replace_transport(std::shared_ptr<ReadTransport> transport);
    const std::exception_ptr& exception() const noexcept { return exception_; }
    std::string take_all() { return take(buffer_.size()); }
    bool at_eof() const noexcept { return eof_ && buffer_.empty(); }

    std::string read(std::ptrdiff_t n);
    std::size_t read_into(absl::Span<char> out);
    std::string readexactly(std::ptrdiff_t n);
    std::string readline();
    std::string readuntil(Separators separators);

private:
    // What the search for a separator came to. `at`: where the separator starts, or, when it is not there yet, up to where
    // there is certainly none.
    struct Sought {
        enum Outcome { found, ended, too_long, too_long_so_far } outcome;
        std::size_t at;
        std::size_t end;
    };
    Sought seek(const Separators& separators);

    // Cedes until a byte, the end or an error is fed.
    void wait_for_data(const char* caller);
    void wait_for_any(const char* caller);
    void wake_up();
    std::string take(std::size_t count);
    void consume(std::size_t count);
    void resume_when_drained();
    void check_thread() const;
    void check_readable() const;
    void ended(bool) noexcept override {}

    const std::size_t limit_;
    ByteBuffer buffer_;
    std::uint64_t consumed_ = 0;  // all bytes ever taken: gives each byte a position that other readers do not shift
    bool eof_ = false;
    bool paused_ = false;
    std::exception_ptr exception_;
    Future<void> waiter_;  // empty while no task waits
    std::shared_ptr<ReadTransport> transport_;
};

}  // namespace detail
}  // namespace cede

#endif
