// What it is: a loop that may be gone. When to use it: inside the library, in what outlives a loop: a future, a thread's
// job, an async generator.
#ifndef CEDE_BASE_LOOP_REFERENCE_HPP
#define CEDE_BASE_LOOP_REFERENCE_HPP

#include <cstdint>

#include "cede/base/fwd.hpp"

namespace cede {
namespace detail {

class LoopToken;

// The token outlives every loop, and the generation tells whether it still means the same one.
struct LoopReference {
    LoopToken* token = nullptr;
    std::uint32_t generation = 0;

    EventLoop* get() const noexcept;  // null when the loop was destroyed

    friend bool operator==(const LoopReference& a, const LoopReference& b) noexcept {
        return a.token == b.token && a.generation == b.generation;
    }
    friend bool operator!=(const LoopReference& a, const LoopReference& b) noexcept { return !(a == b); }
};

}  // namespace detail
}  // namespace cede

#endif
