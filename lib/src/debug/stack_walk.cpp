#include "debug/stack_walk.hpp"

#include <unwind.h>

#include <cstdint>

#include "absl/debugging/symbolize.h"
#include "absl/strings/match.h"

#include "base/thread_state.hpp"
#include "cede/fiber/fiber.hpp"

namespace cede {
namespace detail {
namespace {

// A runaway recursion must not make its own report endless.
constexpr std::size_t most_frames = 1024;

struct Walk {
    std::vector<void*> pcs;
};

_Unwind_Reason_Code note_frame(_Unwind_Context* context, void* argument) {
    Walk& walk = *static_cast<Walk*>(argument);
    int before_instruction = 0;
    const _Unwind_Ptr pc = _Unwind_GetIPInfo(context, &before_instruction);
    if (pc == 0 || walk.pcs.size() == walk.pcs.capacity()) return _URC_END_OF_STACK;
    if (Fiber::is_entry(reinterpret_cast<const void*>(_Unwind_GetRegionStart(context)))) return _URC_END_OF_STACK;
    // A return address points behind the call, which may already belong to the next function.
    walk.pcs.push_back(reinterpret_cast<void*>(before_instruction ? pc : pc - 1));
    return _URC_NO_REASON;
}

void walk_here(void* walk) { _Unwind_Backtrace(&note_frame, walk); }

// Ours, and abseil's type erasure around a body. A name that does not demangle is told by its prefix.
bool of_the_library(absl::string_view name) {
    for (const char* prefix : {"cede::", "absl::", "_ZN4cede", "_ZNK4cede", "_ZN4absl"}) {
        if (absl::StartsWith(name, prefix)) return true;
    }
    return false;
}

std::vector<StackFrame> name_frames(const std::vector<void*>& pcs) {
    std::vector<StackFrame> frames;
    for (void* pc : pcs) {
        char name[512];
        const bool known = absl::Symbolize(pc, name, sizeof name);
        if (known && of_the_library(name)) continue;
        frames.push_back(StackFrame{pc, known ? name : "??"});
    }
    return frames;
}

}  // namespace

std::vector<StackFrame> stack_here() {
    Walk walk;
    walk.pcs.reserve(most_frames);
    walk_here(&walk);
    // The fibers below the current one, down to that of the current coroutine, wait in the middle of a resume.
    Frame* const frame = thread_state.frame;
    Fiber* fiber = &Fiber::current();
    while (frame != nullptr && fiber != &frame->fiber() && fiber->resumer() != nullptr) {
        fiber = fiber->resumer();
        fiber->visit(&walk_here, &walk);
    }
    return name_frames(walk.pcs);
}

std::vector<StackFrame> stack_of(Frame& frame) {
    Walk walk;
    if (frame.state() != CoroutineState::suspended) return {};
    walk.pcs.reserve(most_frames);
    for (Fiber* fiber = const_cast<Fiber*>(frame.leaf()); fiber != nullptr; fiber = fiber->resumer()) {
        fiber->visit(&walk_here, &walk);
        if (fiber == &frame.fiber()) break;
    }
    return name_frames(walk.pcs);
}

}  // namespace detail
}  // namespace cede
