// What it is: what `await(lock.scoped())` gives: the lock, until the end of the scope. When to use it: where a callable for
// `lock.with(f)` would be in the way. When not: to release in the middle of a scope and go on; that is acquire() and
// release(), although release() here serves too.
//
// Move-only; releases in the destructor, which neither cedes nor throws: a release() that fails is reported as unraisable.
// Belongs to the loop's thread.
#ifndef CEDE_SYNC_SCOPED_HPP
#define CEDE_SYNC_SCOPED_HPP

#include <exception>
#include <utility>

#include "absl/types/optional.h"

#include "cede/base/reports.hpp"

namespace cede {

template <class L>
class Scoped {
public:
    // Owns nothing.
    Scoped() noexcept = default;
    // Takes over an acquisition that the caller has made.
    explicit Scoped(L lock) noexcept : lock_(std::move(lock)) {}
    Scoped(Scoped&& other) noexcept : lock_(std::move(other.lock_)) { other.lock_.reset(); }
    Scoped& operator=(Scoped&& other) noexcept {
        if (this != &other) {
            release_quietly();
            lock_ = std::move(other.lock_);
            other.lock_.reset();
        }
        return *this;
    }
    ~Scoped() { release_quietly(); }

    // Before the end of the scope; harmless when it owns nothing. Throws as the lock's release() does.
    void release() {
        if (!lock_) return;
        const L lock = std::move(*lock_);
        lock_.reset();
        lock.release();
    }
    // Whether it will release.
    explicit operator bool() const noexcept { return lock_.has_value(); }

private:
    void release_quietly() noexcept {
        try {
            release();
        } catch (...) {
            detail::report_unraisable(std::current_exception(), "a scoped lock was released");
        }
    }

    absl::optional<L> lock_;
};

}  // namespace cede

#endif
