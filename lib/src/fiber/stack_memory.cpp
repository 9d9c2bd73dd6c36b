#include "fiber/stack_memory.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <stdexcept>

#include "cede/base/reports.hpp"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102  // Linux 6.13; glibc's headers lag behind the kernel
#endif
#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

namespace cede {
namespace detail {
namespace {

// Four pages: a function with a frame of some kilobytes must not step over the guard. With madvise the size is free: the
// entries lie in a page table that the stack has anyway.
constexpr std::size_t guard_pages = 4;
constexpr std::size_t most_guards_at_once = 64;

std::atomic<int> guard_kind{-1};
std::atomic<long> mprotect_left{-1};

std::size_t page_size() noexcept {
    static const std::size_t size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return size;
}

bool kernel_has_guards() noexcept {
#ifdef __linux__
    void* page = mmap(nullptr, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return false;
    const bool works = madvise(page, page_size(), MADV_GUARD_INSTALL) == 0;
    munmap(page, page_size());
    return works;
#else
    return false;
#endif
}

// Half of the mappings that the process may have, at two a guard: the rest is for the program itself. Boost's protected
// stacks and Photon take all of them and then die, or leave stacks unguarded without a word.
long mprotect_budget() noexcept {
    long most = 65530;
    if (std::FILE* file = std::fopen("/proc/sys/vm/max_map_count", "r")) {
        if (std::fscanf(file, "%ld", &most) != 1) most = 65530;
        std::fclose(file);
    }
    return most / 4;
}

StackPool::Guard choose_guard() noexcept {
    const int known = guard_kind.load(std::memory_order_relaxed);
    if (known >= 0) return static_cast<StackPool::Guard>(known);
    const StackPool::Guard kind = kernel_has_guards() ? StackPool::Guard::madvise : StackPool::Guard::mprotect;
    guard_kind.store(static_cast<int>(kind), std::memory_order_relaxed);
    return kind;
}

void say_that_guards_are_spent() noexcept {
    static std::atomic<bool> said{false};
    if (said.exchange(true)) return;
    warn("stacks are made without guards from here on: this kernel needs two mappings a guard, and half of "
         "vm.max_map_count is used. Raise vm.max_map_count, or use Linux 6.13 or later, where guards are free");
}

// Takes one from the budget, which threads share.
bool take_mprotect() noexcept {
    long left = mprotect_left.load(std::memory_order_relaxed);
    if (left < 0 && mprotect_left.compare_exchange_strong(left, mprotect_budget())) {
        left = mprotect_left.load(std::memory_order_relaxed);
    }
    while (left > 0) {
        if (mprotect_left.compare_exchange_weak(left, left - 1, std::memory_order_relaxed)) return true;
    }
    return false;
}

StackPool::Guard protect(char* base) noexcept {
    if (take_mprotect()) {
        if (mprotect(base, guard_size(), PROT_NONE) == 0) return StackPool::Guard::mprotect;
        mprotect_left.store(0, std::memory_order_relaxed);  // the program has taken the mappings; stacks that go bring some back
    }
    say_that_guards_are_spent();
    return StackPool::Guard::none;
}

}  // namespace

std::size_t round_to_pages(std::size_t bytes) noexcept { return (bytes + page_size() - 1) / page_size() * page_size(); }

std::size_t guard_size() noexcept { return guard_pages * page_size(); }

char* map_stacks(std::size_t bytes) noexcept {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
#ifdef MADV_NOHUGEPAGE
    // One touched byte of a stack must cost a page, not the 2 MiB of a transparent huge page.
    madvise(memory, bytes, MADV_NOHUGEPAGE);
#endif
    return static_cast<char*>(memory);
}

void unmap_stacks(char* memory, std::size_t bytes) noexcept {
    // A mapping that the kernel has joined with its neighbours cannot be taken out at the limit of mappings.
    if (bytes != 0 && munmap(memory, bytes) != 0) drop_memory(memory, bytes);
}

StackPool::Guard install_guard(char* base) noexcept {
    switch (choose_guard()) {
        case StackPool::Guard::madvise:
            if (madvise(base, guard_size(), MADV_GUARD_INSTALL) == 0) return StackPool::Guard::madvise;
            return protect(base);
        case StackPool::Guard::mprotect: return protect(base);
        case StackPool::Guard::none: break;
    }
    return StackPool::Guard::none;
}

// 0.3 us a guard where one call each takes 0.8 (Linux 6.18; process_madvise on oneself makes guards since 6.13).
std::size_t install_guards(char* base, std::size_t size, std::size_t count) noexcept {
#if defined(__linux__) && defined(SYS_process_madvise) && defined(SYS_pidfd_open)
    static std::atomic<bool> refused{false};  // by the kernel, or by a filter of system calls
    if (count < 2 || choose_guard() != StackPool::Guard::madvise || refused.load(std::memory_order_relaxed)) return 0;
    iovec guards[most_guards_at_once];
    const std::size_t wanted = std::min(count, most_guards_at_once);
    for (std::size_t i = 0; i < wanted; ++i) guards[i] = {base + i * size, guard_size()};
    const int self = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
    const long done = self < 0 ? -1 : syscall(SYS_process_madvise, self, guards, wanted, MADV_GUARD_INSTALL, 0);
    if (self >= 0) {
        const int error = errno;
        close(self);
        errno = error;
    }
    if (done < 0 && (errno == ENOSYS || errno == EPERM || errno == EINVAL)) refused.store(true, std::memory_order_relaxed);
    return done < 0 ? 0 : static_cast<std::size_t>(done) / guard_size();
#else
    (void)base, (void)size, (void)count;
    return 0;
#endif
}

void guard_unmapped(StackPool::Guard kind) noexcept {
    if (kind == StackPool::Guard::mprotect) mprotect_left.fetch_add(1, std::memory_order_relaxed);
}

StackPool::Guard current_guard() noexcept {
    const StackPool::Guard kind = choose_guard();
    const bool spent = kind == StackPool::Guard::mprotect && mprotect_left.load(std::memory_order_relaxed) == 0;
    return spent ? StackPool::Guard::none : kind;
}

void drop_memory(char* memory, std::size_t bytes) noexcept {
    madvise(memory, bytes / page_size() * page_size(), MADV_DONTNEED);
}

}  // namespace detail

void StackPool::set_guard(Guard guard) {
    if (guard == Guard::madvise && !detail::kernel_has_guards()) {
        throw std::invalid_argument("StackPool::set_guard: this kernel has no MADV_GUARD_INSTALL (Linux 6.13); use mprotect");
    }
    detail::guard_kind.store(static_cast<int>(guard), std::memory_order_relaxed);
}

}  // namespace cede
