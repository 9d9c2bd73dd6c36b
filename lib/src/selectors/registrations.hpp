// What it is: the books of one selector, shared by it and its SelectorMap views.
#ifndef CEDE_SRC_SELECTORS_REGISTRATIONS_HPP
#define CEDE_SRC_SELECTORS_REGISTRATIONS_HPP

#include <cstddef>
#include <limits>
#include <utility>

#include "cede/selectors/selector_key.hpp"

#include "selectors/fd_table.hpp"

namespace cede {
namespace selectors {
namespace detail {

class Registrations {
public:
    bool closed() const noexcept { return closed_; }
    std::size_t size() const noexcept { return size_; }

    // The key of `fd`, or nullptr. An unused entry is the empty key, whose fd is -1.
    SelectorKey* find(int fd) const noexcept {
        SelectorKey* key = keys_.find(fd);
        return key != nullptr && key->fd == fd ? key : nullptr;
    }

    // The first key whose fd is above `fd`, or nullptr.
    const SelectorKey* next(int fd) const noexcept {
        if (fd == std::numeric_limits<int>::max()) return nullptr;
        return keys_.find_from(fd + 1, [](const SelectorKey& key) { return key.fd >= 0; });
    }

    void insert(SelectorKey key) {
        SelectorKey& entry = keys_.at(key.fd);
        entry = std::move(key);
        ++size_;
    }

    // Forgets `key`, which must be one that find returned, and hands it out.
    SelectorKey take(SelectorKey& key) noexcept {
        --size_;
        return std::exchange(key, SelectorKey());
    }

    // Users' data is destroyed last: its destructor may look at the selector, which is closed and empty by then.
    void close() noexcept {
        FdTable<SelectorKey> doomed;
        std::swap(doomed, keys_);
        size_ = 0;
        closed_ = true;
    }

private:
    FdTable<SelectorKey> keys_;
    std::size_t size_ = 0;
    bool closed_ = false;
};

}  // namespace detail
}  // namespace selectors
}  // namespace cede

#endif
