#include "cede/base/origin.hpp"

#include <algorithm>
#include <map>
#include <mutex>

#include "base/call_stack.hpp"
#include "base/thread_state.hpp"

namespace cede {
namespace detail {
namespace {

// As asyncio shows, and enough below that for the frames of the library in between.
constexpr std::size_t most_shown = 10;
constexpr std::size_t most_walked = 40;
// A program comes to creating its objects in so many ways and no more; recursion must not make it endless.
constexpr std::size_t most_kept = 100000;

using Stack = std::vector<const void*>;

// Each stack once, never freed: whoever carries its number may outlive everything.
struct Stacks {
    std::mutex mutex;
    std::map<Stack, std::uint32_t> numbers;
    std::vector<const Stack*> by_number;
    // Kept, because the search for a program's line numbers costs much more than their use.
    std::mutex symbols_mutex;
    Symbols symbols;
};

Stacks& stacks() {
    static Stacks* const all = new Stacks();
    return *all;
}

std::uint32_t number_of(Stack stack) {
    Stacks& all = stacks();
    const std::lock_guard<std::mutex> lock(all.mutex);
    const auto found = all.numbers.find(stack);
    if (found != all.numbers.end()) return found->second;
    if (all.by_number.size() >= most_kept) return 0;
    all.by_number.reserve(all.by_number.size() + 1);
    const auto number = static_cast<std::uint32_t>(all.by_number.size() + 1);
    all.by_number.push_back(&all.numbers.emplace(std::move(stack), number).first->first);
    return number;
}

Stack stack_of_number(std::uint32_t number) {
    Stacks& all = stacks();
    const std::lock_guard<std::mutex> lock(all.mutex);
    return *all.by_number[number - 1];
}

}  // namespace

std::atomic<bool> Origin::debug_mode_was_on{false};

Origin Origin::here() noexcept {
    const void* pcs[most_walked];
    StackWalk walk{pcs, most_walked};
    walk_stack(&walk);
    Origin origin;
    try {
        origin.number_ = number_of(Stack(pcs, pcs + walk.count));
    } catch (...) {
    }
    return origin;
}

Origin Origin::here_if_debugging() noexcept { return thread_state.debug ? here() : Origin(); }

std::vector<StackFrame> Origin::frames() const {
    if (number_ == 0) return {};
    const Stack stack = stack_of_number(number_);
    std::vector<StackFrame> frames;
    {
        const std::lock_guard<std::mutex> lock(stacks().symbols_mutex);
        frames = stacks().symbols.name(stack.data(), stack.size()).frames;
    }
    if (frames.size() > most_shown) frames.resize(most_shown);
    std::reverse(frames.begin(), frames.end());
    return frames;
}

std::string Origin::str() const {
    const std::vector<StackFrame> all = frames();
    std::string text;
    for (auto frame = all.rbegin(); frame != all.rend(); ++frame) {
        text += (text.empty() ? "created in " : ", called from ") + frame->str();
    }
    return text;
}

}  // namespace detail
}  // namespace cede
