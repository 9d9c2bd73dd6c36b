// What it is: the optional arguments of loop.sendfile() and sock_sendfile(), and the error of the system that cannot.
// When to use it: `await(loop.sendfile(transport, file, SendfileOptions().offset(100).count(50)))`. When not: to send a whole
// file, which needs no options.
#ifndef CEDE_NET_SENDFILE_HPP
#define CEDE_NET_SENDFILE_HPP

#include <cstdint>

#include "absl/types/optional.h"

#include "cede/base/exceptions.hpp"

namespace cede {

class SendfileOptions {
public:
    // Where in the file to begin, in bytes from its beginning; 0 by default, wherever the file's position is.
    SendfileOptions& offset(std::int64_t value) noexcept { return offset_ = value, *this; }
    // How many bytes, or fewer if the file ends before; all by default.
    SendfileOptions& count(std::int64_t value) noexcept { return count_ = value, *this; }
    // Where the system's sendfile() cannot: whether to read and write instead (the default), or to throw
    // SendfileNotAvailableError.
    SendfileOptions& fallback(bool value) noexcept { return fallback_ = value, *this; }

    std::int64_t offset() const noexcept { return offset_; }
    absl::optional<std::int64_t> count() const noexcept { return count_; }
    bool fallback() const noexcept { return fallback_; }

private:
    std::int64_t offset_ = 0;
    absl::optional<std::int64_t> count_;
    bool fallback_ = true;
};

// The system's sendfile() does not do it for this file or socket; nothing was sent or read.
class SendfileNotAvailableError : public RuntimeError {
public:
    using RuntimeError::RuntimeError;
    ~SendfileNotAvailableError() override;
};

}  // namespace cede

#endif
