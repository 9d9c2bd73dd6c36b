#include "base/slabs.hpp"

#include <pthread.h>
#include <sys/mman.h>

#include <cstdint>
#include <mutex>
#include <new>

namespace cede {
namespace detail {

namespace {

struct Region;

}  // namespace

// Lies at the beginning of its 256 KiB, so that a block's address tells its slab.
struct Slab {
    Slab* next;  // among those of its size that have something to give
    Slab* previous;
    Block* returned;
    std::uint32_t returned_count;
    std::uint32_t cut;       // blocks that there are, while no thread cuts any
    std::uint32_t counted;   // for drop_whole_slabs
    std::uint32_t index;
    char* rest;              // not cut yet; null while a thread cuts
    Region* region;
    bool listed;
    bool leaves;
};

namespace {

// A mapping as large as a huge page, cut into slabs. The memory of a slab goes back by itself, the mapping with its last one.
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
constexpr std::size_t first_page = 4096;
// Half a megabyte of blocks of one size before huge pages pay.
constexpr unsigned small_slabs = 2;

std::mutex mutex;
Slab* giving[slab_sizes];    // by size
Region* regions_with_room[2];  // usual and large ones

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
    Region& region = *::new (static_cast<void*>(memory + sizeof(Slab))) Region();
    region.large = large;
    link(regions_with_room[large], region);
    return region;
}

Slab& new_slab(std::size_t index, bool large) {
    Region* const known = regions_with_room[large];
    Region& region = known != nullptr ? *known : new_region(large);
    std::size_t place = 0;
    while ((region.used >> place & 1) != 0) ++place;
    region.used |= 1U << place;
    if (region.used == all_used) unlink(regions_with_room[large], region);
    char* const memory = memory_of(region) + place * slab_bytes;
    Slab& slab = *::new (static_cast<void*>(memory)) Slab();
    slab.index = static_cast<std::uint32_t>(index);
    slab.rest = first_block(slab);
    slab.region = &region;
    return slab;
}

void list(Slab& slab) noexcept {
    if (!slab.listed) link(giving[slab.index], slab);
    slab.listed = true;
}

void unlist(Slab& slab) noexcept {
    if (slab.listed) unlink(giving[slab.index], slab);
    slab.listed = false;
}

void give_back(Slab& slab) noexcept {
    unlist(slab);
    Region& region = *slab.region;
    Region*& others = regions_with_room[region.large];
    char* const memory = reinterpret_cast<char*>(&slab);
    const unsigned bit = 1U << (memory - memory_of(region)) / static_cast<std::ptrdiff_t>(slab_bytes);
    if (region.used == all_used) link(others, region);
    region.used &= ~bit;
    if (region.used != 0) {
        madvise(memory + first_page, slab_bytes - first_page, MADV_DONTNEED);
        return;
    }
    unlink(others, region);
    munmap(memory_of(region), region_bytes);
}

bool is_free(const Slab& slab) noexcept { return slab.rest != nullptr && slab.returned_count == slab.cut; }

void give_up_locked(SlabCut& of, std::size_t bytes) noexcept {
    Slab& slab = *of.slab;
    slab.rest = of.next;
    slab.cut = static_cast<std::uint32_t>(static_cast<std::size_t>(of.next - first_block(slab)) / bytes);
    of.next = of.end = nullptr;
    of.slab = nullptr;
    if (is_free(slab)) return give_back(slab);
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

void return_to_slab(Block* block) noexcept {
    const std::lock_guard<std::mutex> lock(mutex);
    Slab& slab = slab_of(block);
    block->next = slab.returned;
    slab.returned = block;
    ++slab.returned_count;
    if (is_free(slab)) {
        give_back(slab);
    } else {
        list(slab);
    }
}

std::size_t drop_whole_slabs(Block*& blocks, std::size_t bytes, std::size_t most) noexcept {
    const std::lock_guard<std::mutex> lock(mutex);
    for (Block* block = blocks; block != nullptr; block = block->next) slab_of(block).counted = 0;
    std::size_t dropped = 0;
    for (Block* block = blocks; block != nullptr; block = block->next) {
        Slab& slab = slab_of(block);
        const std::size_t here = ++slab.counted;
        const bool whole = slab.rest != nullptr && here + slab.returned_count == slab.cut;
        slab.leaves = whole && dropped + here * bytes <= most;
        if (slab.leaves) dropped += here * bytes;
    }
    if (dropped == 0) return 0;
    for (Block** link = &blocks; *link != nullptr;) {
        Slab& slab = slab_of(*link);
        if (!slab.leaves) {
            link = &(*link)->next;
            continue;
        }
        *link = (*link)->next;
        if (--slab.counted == 0) give_back(slab);
    }
    return dropped;
}

}  // namespace detail
}  // namespace cede
