// What it is: a table from fd to T with O(1) look-up, in pages that come into being when first written to.
// Why: fds are small and dense, so an index beats a hash, and a hash map that erases and inserts for ever rehashes now
// and then, which allocates. A plain vector would need 48 GB for the fd INT_MAX, which poll accepts; pages need 16 MB.
// Pages also keep a reference to one entry valid while others are made.
#ifndef CEDE_SRC_SELECTORS_FD_TABLE_HPP
#define CEDE_SRC_SELECTORS_FD_TABLE_HPP

#include <cstddef>
#include <memory>
#include <vector>

namespace cede {
namespace selectors {
namespace detail {

template <class T>
class FdTable {
public:
    static constexpr std::size_t page_size = 1024;

    // The entry of `fd`, or nullptr when its page was never written to, as for every negative fd.
    T* find(int fd) const noexcept {
        const std::size_t index = static_cast<std::size_t>(fd);
        if (fd < 0 || index / page_size >= pages_.size() || !pages_[index / page_size]) return nullptr;
        return &pages_[index / page_size][index % page_size];
    }

    // The entry of `fd` (not negative), made from T() if need be. Only this allocates, once for a page.
    T& at(int fd) {
        const std::size_t index = static_cast<std::size_t>(fd);
        if (index / page_size >= pages_.size()) pages_.resize(index / page_size + 1);
        std::unique_ptr<T[]>& page = pages_[index / page_size];
        if (!page) page.reset(new T[page_size]());
        return page[index % page_size];
    }

    // The first entry from `fd` (not negative) on that `wanted(entry)` says yes to, or nullptr. Skips missing pages.
    template <class Predicate>
    T* find_from(int fd, Predicate wanted) const noexcept {
        std::size_t index = static_cast<std::size_t>(fd);
        while (index / page_size < pages_.size()) {
            T* page = pages_[index / page_size].get();
            if (page == nullptr) {
                index += page_size - index % page_size;
                continue;
            }
            if (wanted(page[index % page_size])) return &page[index % page_size];
            ++index;
        }
        return nullptr;
    }

    void clear() noexcept { pages_.clear(); }

private:
    std::vector<std::unique_ptr<T[]>> pages_;
};

}  // namespace detail
}  // namespace selectors
}  // namespace cede

#endif
