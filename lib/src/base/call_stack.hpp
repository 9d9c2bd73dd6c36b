// What it is: the return addresses of the running stack, and what they are called. When to use it: for tracebacks and dumps.
// When not: in a hot path; a frame costs about a microsecond to find, and more to name.
#ifndef CEDE_SRC_BASE_CALL_STACK_HPP
#define CEDE_SRC_BASE_CALL_STACK_HPP

#include <cstddef>
#include <string>
#include <typeinfo>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "base/source_lines.hpp"
#include "cede/base/stack_frame.hpp"

namespace cede {
namespace detail {

// Innermost first; the walk ends where a fiber begins.
struct StackWalk {
    const void** pcs;
    std::size_t room;
    std::size_t count = 0;
};

// Appends the addresses of the calling stack to the StackWalk, as far as there is room. Never throws: the form of
// Fiber::visit.
void walk_stack(void* walk) noexcept;

// Whether the frames of a fiber begin in `function`; defined by the fiber room.
bool is_fiber_entry(const void* function) noexcept;

struct NamedStack {
    std::vector<StackFrame> frames;  // the user's: innermost first, without the library's own
    std::string waits_in;            // the library's function that the innermost of them is in; empty for none
};

// Names addresses; keeps what it has found for as long as it lives.
class Symbols {
public:
    NamedStack name(const void* const* pcs, std::size_t count);

private:
    struct Known {
        StackFrame frame;
        bool of_the_library = false;
        bool calls_back = false;  // it is the type erasure around a callable of the user's, whose name it has then
    };
    const Known& look_up(const void* pc);
    void unwrap_callable(Known& known);

    SourceLines lines_;
    absl::flat_hash_map<const void*, Known> known_;
};

// The callable of this type as a line of a stack, for one that the compiler has dissolved in its surroundings; nothing when it
// is of the library.
void add_callable(const std::type_info& type, std::vector<StackFrame>& frames);

// A function's name without what tells a reader nothing: "f()::{lambda()#1}::operator()() const" is "f()::{lambda#1}".
std::string readable(std::string name);

}  // namespace detail
}  // namespace cede

#endif
