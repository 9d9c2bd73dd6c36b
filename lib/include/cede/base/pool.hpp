// What it is: where futures, tasks, handles, frames and the buffers of streams come from: free lists of blocks, one set a
// thread, so that the steady state of a loop calls no allocator. When to use it: derive a class that is made and dropped
// at every step from `Pooled`. When not: for anything over 256 KiB, which goes straight to operator new, or long-lived.
//
// A block may be returned on another thread than it was taken on; it then serves that thread. Under AddressSanitizer
// and ThreadSanitizer every block comes from operator new, since a recycled block hides a use after free.
#ifndef CEDE_BASE_POOL_HPP
#define CEDE_BASE_POOL_HPP

#include <cstddef>
#include <new>

namespace cede {
namespace detail {

// Does not cede; any thread; throws std::bad_alloc. `size` in bytes, and the same at release.
void* pool_allocate(std::size_t size);
void pool_release(void* block, std::size_t size) noexcept;
// A peak is over: gives the system back what this thread's pool keeps, and what the allocator has free. Takes a millisecond
// for each 50 MB or so; not for the steady state.
void pool_give_back() noexcept;
// Off: this thread's pool is emptied and stands aside, so that every block is an allocation that can be seen to fail.
void set_pool_recycling(bool on) noexcept;

class Pooled {
public:
    static void* operator new(std::size_t size) { return pool_allocate(size); }
    static void* operator new(std::size_t, void* where) noexcept { return where; }
    // Needs a virtual destructor in the deriving class, so that the size given is that of the whole object.
    static void operator delete(void* block, std::size_t size) noexcept { pool_release(block, size); }

protected:
    ~Pooled() = default;
};

}  // namespace detail
}  // namespace cede

#endif
