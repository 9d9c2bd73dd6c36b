// Stacks for fibers by hand: what the machine can do with guarded ones.
#ifndef CEDE_BENCH_SUPPORT_STACKS_HPP
#define CEDE_BENCH_SUPPORT_STACKS_HPP

#include <sys/mman.h>

#include <boost/context/stack_context.hpp>

#include <boost/context/preallocated.hpp>  // which does not include what it needs

#include <cstddef>
#include <new>

namespace bench {

// In one mapping, each with a guard page where the kernel has those that cost no mapping (Linux 6.13). Their tops are spread
// over the cache's sets.
class Stacks {
public:
    Stacks(std::size_t count, std::size_t bytes_each) : count_(count), size_(bytes_each) {
        void* const memory = mmap(nullptr, count * size_, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) throw std::bad_alloc();
        memory_ = static_cast<char*>(memory);
    }
    Stacks(const Stacks&) = delete;
    Stacks& operator=(const Stacks&) = delete;

    boost::context::preallocated take() {
        if (used_ == count_) throw std::bad_alloc();
        char* const begin = memory_ + used_ * size_;
        constexpr int guard_install = 102;
        madvise(begin, 4096, guard_install);
        const std::size_t usable = size_ - used_++ % 48 * 64;
        boost::context::stack_context context;
        context.size = usable;
        context.sp = begin + usable;
        return boost::context::preallocated(context.sp, usable, context);
    }

private:
    const std::size_t count_;
    const std::size_t size_;
    char* memory_;
    std::size_t used_ = 0;
};

// For boost::context::fiber: its stacks are never given back.
struct NoStackOfItsOwn {
    void deallocate(boost::context::stack_context&) {}
};

}  // namespace bench

#endif
