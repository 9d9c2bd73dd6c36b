// What it is: `SelectorMap`, the live read-only view of a selector's registrations that `get_map()` returns.
// When to use it: to ask whether an fd is registered without an exception, to count, to list.
// When not: to change anything; that is `register_`, `modify` and `unregister`.
//
// A view is a handle: copies see the same selector, and it may outlive it. Once the selector is closed or destroyed
// the view finds nothing. Nothing here cedes; everything belongs to the thread that uses the selector.
#ifndef CEDE_SELECTORS_SELECTOR_MAP_HPP
#define CEDE_SELECTORS_SELECTOR_MAP_HPP

#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/types/optional.h"

#include "cede/selectors/selector_key.hpp"

namespace cede {
namespace selectors {

namespace detail {
class Registrations;
}  // namespace detail

class SelectorMap {
public:
    class const_iterator;
    using iterator = const_iterator;
    using value_type = SelectorKey;

    explicit SelectorMap(std::shared_ptr<const detail::Registrations> registrations) noexcept
        : registrations_(std::move(registrations)) {}

    // The number of registered fds. Does not throw.
    std::size_t size() const noexcept;
    bool empty() const noexcept { return size() == 0; }

    // Whether `fd` is registered; any int may be asked for. Does not throw.
    bool contains(int fd) const noexcept;

    // The key of `fd`, or nullopt. Does not throw.
    absl::optional<SelectorKey> find(int fd) const noexcept;

    // The key of `fd`; std::out_of_range when it is not registered.
    SelectorKey at(int fd) const;
    SelectorKey operator[](int fd) const { return at(fd); }

    // The keys in ascending order of fd. Registering and unregistering while iterating is allowed: a key that is gone
    // before its turn is not seen, one that is new is seen when its fd is still ahead.
    const_iterator begin() const noexcept;
    const_iterator end() const noexcept;

private:
    std::shared_ptr<const detail::Registrations> registrations_;
};

// Holds the key that it is at, since the registration could go away in the loop's body. Valid as long as a SelectorMap of
// the same selector is.
class SelectorMap::const_iterator {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = SelectorKey;
    using difference_type = std::ptrdiff_t;
    using pointer = const SelectorKey*;
    using reference = const SelectorKey&;

    const_iterator() noexcept = default;

    const SelectorKey& operator*() const noexcept { return key_; }
    const SelectorKey* operator->() const noexcept { return &key_; }
    const_iterator& operator++() noexcept;
    const_iterator operator++(int) noexcept {
        const_iterator before = *this;
        ++*this;
        return before;
    }

    friend bool operator==(const const_iterator& a, const const_iterator& b) noexcept { return a.key_.fd == b.key_.fd; }
    friend bool operator!=(const const_iterator& a, const const_iterator& b) noexcept { return !(a == b); }

private:
    friend class SelectorMap;
    const_iterator(const detail::Registrations* registrations, SelectorKey key) noexcept
        : registrations_(registrations), key_(std::move(key)) {}

    const detail::Registrations* registrations_ = nullptr;
    SelectorKey key_;  // fd -1 is the end
};

}  // namespace selectors
}  // namespace cede

#endif
