// What it is: where futures, tasks, handles, frames and the buffers of streams come from: free lists of blocks, one set a
// thread, so that the steady state of a loop calls no allocator. When to use it: derive a class that is made and dropped
// at every step from `Pooled`. When not: for anything over 256 KiB, which goes straight to operator new, or long-lived.
//
// A block may be returned on another thread than it was taken on; it then serves that thread. A thread keeps 384 KiB of each
// size at the most, 4 MiB of what is larger than 1 KiB; what is beyond serves other threads and sizes, and goes back to the
// system when a loop rests. Under AddressSanitizer and ThreadSanitizer every block comes from operator new, since a recycled
// block hides a use after free.
#ifndef CEDE_BASE_POOL_HPP
#define CEDE_BASE_POOL_HPP

#include <cstddef>
#include <new>

namespace cede {
namespace detail {

// Does not cede; any thread; throws std::bad_alloc. `size` in bytes, and the same at release.
void* pool_allocate(std::size_t size);
void pool_release(void* block, std::size_t size) noexcept;
// There is more than a steady state needs: a loop that rests calls pool_give_back() every now and then. That gives the system
// back what nobody needed since the last call, and returns false when that was not all: it takes a millisecond at the most.
bool pool_keeps_much() noexcept;
bool pool_give_back() noexcept;
// Off: for every block there is an allocation, which can be seen, and can be made to fail.
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
