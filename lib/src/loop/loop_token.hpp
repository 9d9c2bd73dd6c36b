// What it is: what is left of a loop when the loop has gone, so that a future, a thread or a handle that outlives it can
// tell. Tokens are never freed, only used again by a later loop under another generation: a look costs a load and a
// compare, where a counted pointer in each future would cost two atomic operations.
#ifndef CEDE_SRC_LOOP_LOOP_TOKEN_HPP
#define CEDE_SRC_LOOP_LOOP_TOKEN_HPP

#include <atomic>
#include <cstdint>
#include <mutex>

#include "cede/loop/future_core.hpp"
#include "cede/loop/runnable.hpp"

namespace cede {
namespace detail {

class LoopToken {
public:
    // A token for a new loop. Throws std::bad_alloc.
    static LoopReference take(EventLoop& loop);
    // The loop goes: from here on nobody reaches it through the token.
    void give_back() noexcept;

    EventLoop* loop(std::uint32_t generation) const noexcept {
        return generation_.load(std::memory_order_acquire) == generation ? loop_.load(std::memory_order_relaxed) : nullptr;
    }

    // In the child of a fork(), for every token there is.
    static void leave_all_to_parent() noexcept;

    // Held while another thread uses the loop, which cannot be destroyed meanwhile.
    std::mutex mutex;

private:
    std::atomic<EventLoop*> loop_{nullptr};
    std::atomic<std::uint32_t> generation_{0};
    LoopToken* next_free_ = nullptr;
    LoopToken* next_ = nullptr;  // of all
};

// As LoopReference::get(), where the hot path needs it without a call.
inline EventLoop* loop_of(const LoopReference& reference) noexcept {
    return reference.token != nullptr ? reference.token->loop(reference.generation) : nullptr;
}

// Any thread: schedules `work` on the loop and wakes it. False, and `work` untouched, when the loop is closed or gone.
bool post(const LoopReference& loop, Runnable& work) noexcept;

}  // namespace detail
}  // namespace cede

#endif
