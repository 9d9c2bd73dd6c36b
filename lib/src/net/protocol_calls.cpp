#include "net/protocol_calls.hpp"

#include <stdexcept>
#include <system_error>

namespace cede {
namespace detail {

void report(EventLoop& loop, const char* message, std::exception_ptr error, std::shared_ptr<BaseTransport> transport) {
    ExceptionContext context;
    context.message = message;
    context.exception = std::move(error);
    context.transport = std::move(transport);
    loop.call_exception_handler(context);
}

absl::Span<char> buffer_of(BufferedProtocol& protocol) {
    const absl::Span<char> buffer = protocol.get_buffer(-1);
    if (buffer.empty()) throw RuntimeError("get_buffer() returned an empty buffer");
    return buffer;
}

bool is_os_error(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const std::system_error&) {
        return true;
    } catch (...) {
        return false;
    }
}

void WriteFlow::set_limits(absl::optional<std::size_t> high, absl::optional<std::size_t> low) {
    const std::size_t most = high ? *high : low ? 4 * *low : 64 * 1024;
    const std::size_t least = low ? *low : most / 4;
    if (least > most) {
        throw std::invalid_argument("write buffer limits: the low mark, " + std::to_string(least) +
                                    ", is above the high mark, " + std::to_string(most));
    }
    high_ = most;
    low_ = least;
}

}  // namespace detail
}  // namespace cede
