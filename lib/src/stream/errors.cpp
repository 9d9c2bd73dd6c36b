#include "cede/stream/errors.hpp"

#include <utility>

namespace cede {
namespace {

std::string incomplete_message(std::size_t partial, const absl::optional<std::size_t>& expected) {
    return std::to_string(partial) + " bytes read on a total of " + (expected ? std::to_string(*expected) : "undefined") +
           " expected bytes";
}

}  // namespace

IncompleteReadError::IncompleteReadError(std::string partial, absl::optional<std::size_t> expected)
    : std::runtime_error(incomplete_message(partial.size(), expected)), partial_(std::move(partial)), expected_(expected) {}

IncompleteReadError::~IncompleteReadError() = default;

LimitOverrunError::LimitOverrunError(const std::string& message, std::size_t consumed)
    : std::runtime_error(message), consumed_(consumed) {}

LimitOverrunError::~LimitOverrunError() = default;

}  // namespace cede
