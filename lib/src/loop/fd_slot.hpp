// What it is: who waits for one file descriptor of a loop: the callbacks of add_reader() and of transports, and a line of
// tasks that a higher room keeps (loop.sock_*: net/socket_watch.hpp). When to use it: inside the library.
//
// Loop's thread only, but for a line's count of references.
#ifndef CEDE_SRC_LOOP_FD_SLOT_HPP
#define CEDE_SRC_LOOP_FD_SLOT_HPP

#include <cstdint>
#include <exception>

#include "cede/base/ref.hpp"
#include "cede/base/ref_count.hpp"
#include "cede/loop/handle.hpp"
#include "cede/selectors/selector_key.hpp"

namespace cede {
namespace detail {

// Stays in its slot when nobody waits, and the descriptor in the selector, so that the next wait costs no system call; until
// an event arrives that nobody awaits. The slot tells one line from the next under the same number by its address: it counts
// as a reference, so that the address is not used again. It is run for what the descriptor is ready for, in the place of a
// reader's callback, so that tasks are woken when asyncio wakes them: an iteration later.
class FdLine : public Runnable {
public:
    // What somebody waits for now.
    selectors::EventMask awaited() const noexcept { return awaited_; }
    // Of an event: what is run for it, perhaps for more than is awaited. The queue counts as a reference.
    void schedule(EventLoop& loop, selectors::EventMask events);
    void discard() noexcept override { ref_release(this); }
    // `events` are somebody else's from here on, or nobody's: who waits for them gets `error`.
    virtual void lose(selectors::EventMask events, const std::exception_ptr& error) noexcept = 0;

protected:
    FdLine() = default;
    virtual ~FdLine() = default;
    FdLine(const FdLine&) = delete;
    FdLine& operator=(const FdLine&) = delete;

    selectors::EventMask awaited_ = 0;
    selectors::EventMask ready_ = 0;  // of events since the last run
    // Somebody was woken for these in that iteration, and runs in the next one. A busy loop looks again before that, and is
    // told again of what nobody has read: that is no news. Later it is: who was woken may never run, stepped by hand or with
    // its stack given up.
    selectors::EventMask woken_ = 0;
    std::uint64_t woken_in_ = 0;

private:
    friend void ref_acquire(FdLine* line) noexcept { line->references_.acquire(); }
    friend void ref_release(FdLine* line) noexcept {
        if (line->references_.release()) delete line;
    }

    RefCount references_;
};

struct FdSlot {
    Ref<HandleCore> reader;
    Ref<HandleCore> writer;
    Ref<FdLine> line;
    selectors::EventMask registered = 0;
    const void* transport = nullptr;  // that has it to itself

    selectors::EventMask wanted() const noexcept {
        return (reader ? selectors::EVENT_READ : 0) | (writer ? selectors::EVENT_WRITE : 0) | (line ? line->awaited() : 0);
    }
    Ref<HandleCore>& callback(selectors::EventMask event) noexcept {
        return event == selectors::EVENT_READ ? reader : writer;
    }
};

// Of a callback that leaves its slot, or that nobody waits for from here on. Cancelling destroys what it has captured, whose
// destructor may come back and move the slots; so it comes last.
struct CancelsAtEnd {
    Ref<HandleCore> handle;
    ~CancelsAtEnd() {
        if (handle) handle->cancel();
    }
};

}  // namespace detail
}  // namespace cede

#endif
