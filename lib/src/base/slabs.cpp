#include "base/slabs.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <new>

#include "base/huge_pages.hpp"

namespace cede {
namespace detail {

namespace {

struct Region;

}  // namespace

// Lies at the beginning of its 256 KiB, so that a block's address tells its slab.
struct Slab {
    Slab* next;  // among those of its size that have something to give, or among those that are free
    Slab* previous;
    Block* returned;
    std::uint32_t returned_count;
    std::uint32_t cut;       // blocks that there are, while no thread cuts any
    std::uint32_t index;
    char* rest;              // not cut yet; null while a thread cuts
    Region* region;
    bool listed;
};

namespace {

// A mapping as large as a huge page, cut into slabs. The memory of a slab goes back by itself, the mapping with its last one.
// Usual ones and those of huge pages are kept apart, by [large].
struct Region {
    Region* next;  // among those of its kind that have a slab to give
    Region* previous;
    unsigned used;  // a bit for each slab
    bool large;
};

constexpr std::size_t slab_bytes = std::size_t{256} << 10;
constexpr std::size_t slabs_of_region = 8;
constexpr std::size_t region_bytes = slab_bytes * slabs_of_region;
constexpr unsigned all_used = (1U << slabs_of_region) - 1;
// The first slab has the region's header behind its own.
constexpr std::size_t header_bytes = 128;
static_assert(sizeof(Slab) + sizeof(Region) <= header_bytes, "the first block begins behind the headers");
// Half a megabyte of blocks of one size before huge pages pay.
constexpr unsigned small_slabs = 2;

std::mutex mutex;
Slab* giving[slab_sizes];  // by size
Region* regions_with_room[2];
Slab* free_ones[2];
std::atomic<std::size_t> free_count{0};
std::size_t fewest_free;  // since the last look
HugePages huge_pages;     // asked for each slab of a crowd that finds no room

template <class T>
void link(T*& first, T& element) noexcept {
    element.previous = nullptr;
    element.next = first;
    if (first != nullptr) first->previous = &element;
    first = &element;
}
template <class T>
void unlink(T*& first, T& element) noexcept {
    (element.previous != nullptr ? element.previous->next : first) = element.next;
    if (element.next != nullptr) element.next->previous = element.previous;
}

Slab& slab_of(const Block* block) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(block);
    return *reinterpret_cast<Slab*>(address & ~static_cast<std::uintptr_t>(slab_bytes - 1));
}

char* first_block(Slab& slab) noexcept { return reinterpret_cast<char*>(&slab) + header_bytes; }
char* end_of(Slab& slab, std::size_t bytes) noexcept {
    return first_block(slab) + (slab_bytes - header_bytes) / bytes * bytes;
}

char* memory_of(Region& region) noexcept { return reinterpret_cast<char*>(&region) - sizeof(Slab); }

char* map(std::size_t bytes) noexcept {
    void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED ? static_cast<char*>(memory) : nullptr;
}

std::size_t misalignment(const char* memory) noexcept { return reinterpret_cast<std::uintptr_t>(memory) % region_bytes; }

char* map_aligned() noexcept {
    char* memory = map(region_bytes);  // newer kernels align what may become a huge page
    if (memory == nullptr || misalignment(memory) == 0) return memory;
    munmap(memory, region_bytes);
    memory = map(2 * region_bytes);
    if (memory == nullptr) return nullptr;
    const std::size_t before = (region_bytes - misalignment(memory)) % region_bytes;
    if (before > 0) munmap(memory, before);
    munmap(memory + before + region_bytes, region_bytes - before);
    return memory + before;
}

Region& new_region(bool large) {
    char* const memory = map_aligned();
    if (memory == nullptr) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    // A program that has a few tasks must not take 2 MiB for them, whatever the system does by default.
    madvise(memory, region_bytes, large ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
#endif
    const auto before = std::chrono::steady_clock::now();
    Region& region = *::new (static_cast<void*>(memory + sizeof(Slab))) Region();
    if (large) huge_pages.took(std::chrono::steady_clock::now() - before);
    region.large = large;
    link(regions_with_room[large], region);
    return region;
}

Slab& slab_in(Region& region) noexcept {
    std::size_t place = 0;
    while ((region.used >> place & 1) != 0) ++place;
    region.used |= 1U << place;
    if (region.used == all_used) unlink(regions_with_room[region.large], region);
    return *::new (static_cast<void*>(memory_of(region) + place * slab_bytes)) Slab();
}

Slab* take_free(bool large) noexcept {
    Slab* const slab = free_ones[large];
    if (slab == nullptr) return nullptr;
    unlink(free_ones[large], *slab);
    fewest_free = std::min(fewest_free, free_count.fetch_sub(1, std::memory_order_relaxed) - 1);
    return slab;
}

Slab& new_slab(std::size_t index, bool large) {
    Slab* slab = take_free(large);
    if (slab == nullptr && large) slab = take_free(false);  // as a crowd has left them while huge pages were slow
    if (slab == nullptr) {
        if (large && regions_with_room[true] == nullptr) large = huge_pages.wanted();
        Region& region = regions_with_room[large] != nullptr ? *regions_with_room[large] : new_region(large);
        slab = &slab_in(region);
        slab->region = &region;
    }
    slab->index = static_cast<std::uint32_t>(index);
    slab->rest = first_block(*slab);
    slab->returned = nullptr;
    slab->returned_count = slab->cut = 0;
    return *slab;
}

void list(Slab& slab) noexcept {
    if (!slab.listed) link(giving[slab.index], slab);
    slab.listed = true;
}

void unlist(Slab& slab) noexcept {
    if (slab.listed) unlink(giving[slab.index], slab);
    slab.listed = false;
}

void set_free(Slab& slab) noexcept {
    unlist(slab);
    link(free_ones[slab.region->large], slab);
    free_count.fetch_add(1, std::memory_order_relaxed);
}

// Of a slab that is in no list. The lock is not held while the system works, which takes a tenth of a millisecond.
void give_back(Slab& slab) noexcept {
    static const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    Region& region = *slab.region;
    char* const memory = reinterpret_cast<char*>(&slab);
    const unsigned bit = 1U << (memory - memory_of(region)) / static_cast<std::ptrdiff_t>(slab_bytes);
    madvise(memory + page, slab_bytes - page, MADV_DONTNEED);
    {
        const std::lock_guard<std::mutex> lock(mutex);
        Region*& others = regions_with_room[region.large];
        if (region.used == all_used) link(others, region);
        region.used &= ~bit;
        if (region.used != 0) return;
        unlink(others, region);
    }
    if (munmap(memory_of(region), region_bytes) == 0) return;
    // At the limit of mappings, in the middle of one that the kernel has joined: it stays, for the next who wants a slab.
    const std::lock_guard<std::mutex> lock(mutex);
    link(regions_with_room[region.large], region);
}

bool is_free(const Slab& slab) noexcept { return slab.rest != nullptr && slab.returned_count == slab.cut; }

void give_up_locked(SlabCut& of, std::size_t bytes) noexcept {
    Slab& slab = *of.slab;
    slab.rest = of.next;
    slab.cut = static_cast<std::uint32_t>(static_cast<std::size_t>(of.next - first_block(slab)) / bytes);
    of.next = of.end = nullptr;
    of.slab = nullptr;
    if (is_free(slab)) return set_free(slab);
    if (slab.returned != nullptr || slab.rest != end_of(slab, bytes)) list(slab);
}

}  // namespace

Block* more_blocks(std::size_t index, std::size_t bytes, SlabCut& of) {
    // The child of a fork() must find the lock free, whichever thread of the parent's had it.
    static const int at_fork = pthread_atfork([] { mutex.lock(); }, [] { mutex.unlock(); }, [] { mutex.unlock(); });
    (void)at_fork;
    const std::lock_guard<std::mutex> lock(mutex);
    if (of.slab != nullptr) give_up_locked(of, bytes);
    Slab* slab = giving[index];
    if (slab == nullptr) slab = &new_slab(index, ++of.had > small_slabs);
    Block* const blocks = slab->returned;
    slab->returned = nullptr;
    slab->returned_count = 0;
    if (slab->rest != nullptr && slab->rest != end_of(*slab, bytes)) {
        of.next = slab->rest;
        of.end = end_of(*slab, bytes);
        of.slab = slab;
        slab->rest = nullptr;
    }
    unlist(*slab);
    return blocks;
}

void give_up(SlabCut& of, std::size_t bytes) noexcept {
    const std::lock_guard<std::mutex> lock(mutex);
    if (of.slab != nullptr) give_up_locked(of, bytes);
}

void return_to_slabs(Block* blocks) noexcept {
    const std::lock_guard<std::mutex> lock(mutex);
    while (Block* const block = blocks) {
        blocks = block->next;
        Slab& slab = slab_of(block);
        block->next = slab.returned;
        slab.returned = block;
        ++slab.returned_count;
        is_free(slab) ? set_free(slab) : list(slab);
    }
}

std::size_t free_slabs() noexcept { return free_count.load(std::memory_order_relaxed); }

bool drop_free_slabs(std::chrono::steady_clock::time_point deadline) noexcept {
    for (;;) {
        Slab* slab;
        {
            const std::lock_guard<std::mutex> lock(mutex);
            if (fewest_free <= kept_slabs) {
                fewest_free = free_slabs();
                return true;
            }
            const std::size_t left = fewest_free - 1;
            slab = take_free(free_ones[true] != nullptr);
            fewest_free = left;
        }
        give_back(*slab);
        if (std::chrono::steady_clock::now() >= deadline) return false;
    }
}

void drop_free_slabs() noexcept {
    for (;;) {
        Slab* slab;
        {
            const std::lock_guard<std::mutex> lock(mutex);
            if (free_slabs() <= kept_slabs) return;
            slab = take_free(free_ones[true] != nullptr);
        }
        give_back(*slab);
    }
}

}  // namespace detail
}  // namespace cede
