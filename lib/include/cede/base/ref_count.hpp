// What it is: the count inside an object behind a Ref. When to use it: for an object whose handles may be copied and destroyed
// on any thread. When not: outside the library.
#ifndef CEDE_BASE_REF_COUNT_HPP
#define CEDE_BASE_REF_COUNT_HPP

#include <atomic>

#if defined(__has_include)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define CEDE_KNOWS_SINGLE_THREADED 1
#endif
#endif

namespace cede {
namespace detail {

// Whether the process has one thread for sure. glibc knows, and never takes it back before a second one begins.
inline bool single_threaded() noexcept {
#ifdef CEDE_KNOWS_SINGLE_THREADED
    return __libc_single_threaded != 0;
#else
    return false;
#endif
}

// A locked addition costs 20 cycles, and an await has several. While the process has one thread, which glibc knows, plain
// loads and stores do; libstdc++'s shared_ptr decides in the same way.
class RefCount {
public:
    void acquire() noexcept {
        if (single_threaded()) {
            count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        } else {
            count_.fetch_add(1, std::memory_order_relaxed);
        }
    }
    // True for the last one.
    bool release() noexcept {
        if (single_threaded()) {
            const int left = count_.load(std::memory_order_relaxed) - 1;
            count_.store(left, std::memory_order_relaxed);
            return left == 0;
        }
        return count_.fetch_sub(1, std::memory_order_acq_rel) == 1;
    }
    int count() const noexcept { return count_.load(std::memory_order_acquire); }
    bool is_one() const noexcept { return count() == 1; }

private:
    std::atomic<int> count_{0};
};

}  // namespace detail
}  // namespace cede

#endif
