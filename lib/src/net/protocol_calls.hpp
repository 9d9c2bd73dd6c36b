// What it is: how transports call the code of protocols: a failure is caught, and reported with what was being done.
#ifndef CEDE_SRC_NET_PROTOCOL_CALLS_HPP
#define CEDE_SRC_NET_PROTOCOL_CALLS_HPP

#include <exception>
#include <memory>

#include "cede/base/exceptions.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/net/protocol.hpp"
#include "cede/net/transport.hpp"

namespace cede {
namespace detail {

// Calls `f`; null, or what it threw. A KeyboardInterrupt or SystemExit leaves, as from any callback of a loop.
template <class F>
std::exception_ptr failure_of(F&& f) {
    try {
        f();
        return nullptr;
    } catch (const KeyboardInterrupt&) {
        throw;
    } catch (const SystemExit&) {
        throw;
    } catch (...) {
        return std::current_exception();
    }
}

void report(EventLoop& loop, const char* message, std::exception_ptr error, std::shared_ptr<BaseTransport> transport);

// Where the next bytes for `protocol` go. Throws what get_buffer() throws, RuntimeError for an empty buffer.
absl::Span<char> buffer_of(BufferedProtocol& protocol);

// The ordinary ends of a connection, which concern the protocol alone: OSError, in Python's terms.
bool is_os_error(const std::exception_ptr& error) noexcept;

// The high and low mark of what a transport buffers, and whether its protocol was told to pause.
class WriteFlow {
public:
    // Bytes; the defaults are asyncio's. Throws std::invalid_argument for low > high.
    void set_limits(absl::optional<std::size_t> high, absl::optional<std::size_t> low);
    WriteTransport::Limits limits() const noexcept { return {low_, high_}; }

    // True once when the buffer has grown beyond the high mark: call pause_writing.
    bool pauses(std::size_t size) noexcept {
        if (paused_ || size <= high_) return false;
        return paused_ = true;
    }
    // True once when it has shrunk to the low mark after that: call resume_writing.
    bool resumes(std::size_t size) noexcept {
        if (!paused_ || size > low_) return false;
        paused_ = false;
        return true;
    }

private:
    std::size_t high_ = 64 * 1024;
    std::size_t low_ = 16 * 1024;
    bool paused_ = false;
};

}  // namespace detail
}  // namespace cede

#endif
