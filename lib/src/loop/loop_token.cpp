#include "loop/loop_token.hpp"

#include <pthread.h>

#include <new>

#include "base/thread_state.hpp"
#include "cede/loop/event_loop.hpp"
#include "loop/loop_impl.hpp"
#include "loop/signal_watch.hpp"

namespace cede {
namespace detail {
namespace {

std::mutex free_mutex;
LoopToken* first_free = nullptr;
LoopToken* first_of_all = nullptr;

// fork() copies this thread alone. What another one holds at that moment nobody would ever give back in the child, so the
// one lock that making a loop needs is taken first.
void before_fork() noexcept { free_mutex.lock(); }
void in_parent() noexcept { free_mutex.unlock(); }
void in_child() noexcept {
    LoopToken::leave_all_to_parent();
    free_mutex.unlock();
}

void watch_forks() noexcept {
    static const int watched = pthread_atfork(&before_fork, &in_parent, &in_child);
    (void)watched;
}

}  // namespace

LoopReference LoopToken::take(EventLoop& loop) {
    watch_forks();
    LoopToken* token;
    {
        std::lock_guard<std::mutex> lock(free_mutex);
        token = first_free;
        if (token != nullptr) first_free = token->next_free_;
    }
    if (token == nullptr) {
        token = new LoopToken();
        std::lock_guard<std::mutex> lock(free_mutex);
        token->next_ = first_of_all;
        first_of_all = token;
    }
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

void LoopToken::leave_all_to_parent() noexcept {
    note_fork();
    forget_signals_of_parent();
    for (LoopToken* each = first_of_all; each != nullptr; each = each->next_) {
        ::new (static_cast<void*>(&each->mutex)) std::mutex();
        if (EventLoop* loop = each->loop_.load(std::memory_order_relaxed)) LoopImpl::leave_to_parent(*loop);
    }
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
