// What it is: where something was created, for debug mode: the number of a stack that is kept once however often it recurs,
// so that what carries an origin pays four bytes that were padding before, and nothing to be copied or destroyed.
// When to use it: inside the library, in what a report may be about. When not: for a place known at compile time; CallSite.
//
// Any thread; nothing here cedes or throws.
#ifndef CEDE_BASE_ORIGIN_HPP
#define CEDE_BASE_ORIGIN_HPP

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "cede/base/stack_frame.hpp"

namespace cede {
namespace detail {

class Origin {
public:
    Origin() noexcept = default;

    // The stack of the caller, whose innermost frames are the library's. Empty when there is no memory for it.
    static Origin here() noexcept;
    // The same while a loop in debug mode runs in this thread, else empty. Until there is such a loop, a load and a branch.
    static Origin here_in_debug_mode() noexcept {
        return debug_mode_was_on.load(std::memory_order_relaxed) ? here_if_debugging() : Origin();
    }
    // There is a loop in debug mode, in whatever thread.
    static void note_debug_mode() noexcept { debug_mode_was_on.store(true, std::memory_order_relaxed); }

    // Whether there ever was one.
    static bool noted_debug_mode() noexcept { return debug_mode_was_on.load(std::memory_order_relaxed); }

    explicit operator bool() const noexcept { return number_ != 0; }
    // The frames, without the library's own; the last one is the call that created it.
    std::vector<StackFrame> frames() const;
    // The same in one line, "created in inner() at a.cpp:3, called from main() at a.cpp:9"; empty without an origin.
    std::string str() const;

private:
    static Origin here_if_debugging() noexcept;
    static std::atomic<bool> debug_mode_was_on;

    std::uint32_t number_ = 0;
};

}  // namespace detail
}  // namespace cede

#endif
