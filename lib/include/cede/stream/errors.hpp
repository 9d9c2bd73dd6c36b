// What it is: how a read of a stream ends when the stream does not hold what was asked for.
// When to use it: catch IncompleteReadError where the peer may hang up in the middle of a message, LimitOverrunError where
// it may send a longer one than you want. When not: for an end of the stream between messages; read() and readline()
// return an empty string there.
//
// Any thread. Nothing here cedes.
#ifndef CEDE_STREAM_ERRORS_HPP
#define CEDE_STREAM_ERRORS_HPP

#include <cstddef>
#include <stdexcept>
#include <string>

#include "absl/types/optional.h"

namespace cede {

// The stream ended before readexactly() or readuntil() had all. Python's EOFError is its base there.
class IncompleteReadError : public std::runtime_error {
public:
    IncompleteReadError(std::string partial, absl::optional<std::size_t> expected);
    ~IncompleteReadError() override;

    // The bytes that did come; they are no longer in the stream.
    const std::string& partial() const noexcept { return partial_; }
    // The number of bytes asked for; empty for readuntil(), which cannot know it.
    const absl::optional<std::size_t>& expected() const noexcept { return expected_; }

private:
    std::string partial_;
    absl::optional<std::size_t> expected_;
};

// readuntil() found no separator within the reader's limit. The data stays in the stream: read it otherwise, or give up.
class LimitOverrunError : public std::runtime_error {
public:
    LimitOverrunError(const std::string& message, std::size_t consumed);
    ~LimitOverrunError() override;

    // How many bytes at the front of the stream certainly precede the separator; readexactly(consumed()) skips them.
    std::size_t consumed() const noexcept { return consumed_; }

private:
    std::size_t consumed_;
};

}  // namespace cede

#endif
