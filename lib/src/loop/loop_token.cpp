#include "loop/loop_token.hpp"

#include "cede/loop/event_loop.hpp"
#include "loop/loop_impl.hpp"

namespace cede {
namespace detail {
namespace {

std::mutex free_mutex;
LoopToken* first_free = nullptr;

}  // namespace

LoopReference LoopToken::take(EventLoop& loop) {
    LoopToken* token;
    {
        std::lock_guard<std::mutex> lock(free_mutex);
        token = first_free;
        if (token != nullptr) first_free = token->next_free_;
    }
    if (token == nullptr) token = new LoopToken();
    token->loop_.store(&loop, std::memory_order_relaxed);
    return LoopReference{token, token->generation_.load(std::memory_order_relaxed)};
}

void LoopToken::give_back() noexcept {
    {
        std::lock_guard<std::mutex> lock(mutex);
        generation_.fetch_add(1, std::memory_order_release);
        loop_.store(nullptr, std::memory_order_relaxed);
    }
    std::lock_guard<std::mutex> lock(free_mutex);
    next_free_ = first_free;
    first_free = this;
}

EventLoop* LoopReference::get() const noexcept { return loop_of(*this); }

LoopReference reference_to(EventLoop& loop) noexcept { return loop.reference(); }

bool post(const LoopReference& reference, Runnable& work) noexcept {
    if (reference.token == nullptr) return false;
    std::lock_guard<std::mutex> lock(reference.token->mutex);
    EventLoop* loop = reference.get();
    return loop != nullptr && loop->impl().posted.push(work);
}

}  // namespace detail
}  // namespace cede
