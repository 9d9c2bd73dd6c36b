// What it is: an entry of the loop's ready queue, linked through itself, so that scheduling allocates nothing. A task, a
// handle and a done callback are each one. The same link holds it in the list of callbacks of a future: when the future
// completes, its list becomes a part of the queue. When not to use it: outside the library; call_soon() makes handles.
//
// Loop's thread only.
#ifndef CEDE_LOOP_RUNNABLE_HPP
#define CEDE_LOOP_RUNNABLE_HPP

#include <cstddef>
#include <string>

#include "cede/base/fwd.hpp"
#include "cede/base/origin.hpp"

namespace cede {
namespace detail {

class Runnable {
public:
    // Does the work, once for each scheduling. Failures are reported, not thrown; only KeyboardInterrupt and SystemExit
    // leave. The object may be gone afterwards.
    virtual void run() = 0;
    // Taken off a queue or list that goes, without being run.
    virtual void discard() noexcept = 0;
    // What it is, for the report of a slow callback and for instruments; may allocate.
    virtual std::string describe() const = 0;

    // Where it was created, as far as that was recorded.
    virtual Origin origin() const noexcept { return Origin(); }

    // Whether it is run at the end of a run, too, if its turn has not come: somebody outside of the loop waits for it.
    virtual bool cannot_wait() const noexcept { return false; }

    bool linked() const noexcept { return linked_; }
    // A task's step: the step before it may go over to it without a return to the loop.
    bool is_step() const noexcept { return is_step_; }

protected:
    explicit Runnable(bool is_step = false) noexcept : is_step_(is_step) {}
    ~Runnable() = default;
    Runnable(const Runnable&) = delete;
    Runnable& operator=(const Runnable&) = delete;

private:
    friend class RunnableList;
    Runnable* next_ = nullptr;
    Runnable* previous_ = nullptr;
    bool linked_ = false;
    const bool is_step_;
};

// First in, first out; an entry can be taken from the middle. Owns nothing.
class RunnableList {
public:
    RunnableList() noexcept = default;
    RunnableList(const RunnableList&) = delete;
    RunnableList& operator=(const RunnableList&) = delete;

    bool empty() const noexcept { return first_ == nullptr; }
    std::size_t size() const noexcept { return size_; }
    Runnable* first() const noexcept { return first_; }
    static Runnable* next(const Runnable& entry) noexcept { return entry.next_; }

    void push_back(Runnable& entry) noexcept {
        entry.next_ = nullptr;
        entry.previous_ = last_;
        entry.linked_ = true;
        (last_ != nullptr ? last_->next_ : first_) = &entry;
        last_ = &entry;
        ++size_;
    }
    Runnable& pop_front() noexcept {
        Runnable& entry = *first_;
        first_ = entry.next_;
        (first_ != nullptr ? first_->previous_ : last_) = nullptr;
        entry.linked_ = false;
        --size_;
        return entry;
    }
    // push_back(entry), then pop_front(), of a list that is not empty.
    Runnable& take_turns(Runnable& entry) noexcept {
        entry.next_ = nullptr;
        entry.previous_ = last_;
        entry.linked_ = true;
        last_->next_ = &entry;
        last_ = &entry;
        Runnable& first = *first_;
        first_ = first.next_;
        first_->previous_ = nullptr;
        first.linked_ = false;
        return first;
    }
    void remove(Runnable& entry) noexcept {
        (entry.previous_ != nullptr ? entry.previous_->next_ : first_) = entry.next_;
        (entry.next_ != nullptr ? entry.next_->previous_ : last_) = entry.previous_;
        entry.linked_ = false;
        --size_;
    }
    // Moves all of `other` to the end.
    void splice(RunnableList& other) noexcept {
        if (other.first_ == nullptr) return;
        other.first_->previous_ = last_;
        (last_ != nullptr ? last_->next_ : first_) = other.first_;
        last_ = other.last_;
        size_ += other.size_;
        other.first_ = other.last_ = nullptr;
        other.size_ = 0;
    }

private:
    Runnable* first_ = nullptr;
    Runnable* last_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace detail
}  // namespace cede

#endif
