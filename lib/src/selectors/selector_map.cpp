#include "cede/selectors/selector_map.hpp"

#include <stdexcept>
#include <string>

#include "selectors/registrations.hpp"

namespace cede {
namespace selectors {

std::size_t SelectorMap::size() const noexcept { return registrations_->size(); }

bool SelectorMap::contains(int fd) const noexcept { return registrations_->find(fd) != nullptr; }

absl::optional<SelectorKey> SelectorMap::find(int fd) const noexcept {
    const SelectorKey* key = registrations_->find(fd);
    if (key == nullptr) return absl::nullopt;
    return *key;
}

SelectorKey SelectorMap::at(int fd) const {
    const SelectorKey* key = registrations_->find(fd);
    if (key == nullptr) {
        throw std::out_of_range("SelectorMap::at: fd " + std::to_string(fd) +
                                " is not registered; find() answers without throwing");
    }
    return *key;
}

SelectorMap::const_iterator SelectorMap::begin() const noexcept {
    return ++const_iterator(registrations_.get(), SelectorKey());
}

SelectorMap::const_iterator SelectorMap::end() const noexcept {
    return const_iterator(registrations_.get(), SelectorKey());
}

SelectorMap::const_iterator& SelectorMap::const_iterator::operator++() noexcept {
    const SelectorKey* key = registrations_->next(key_.fd);
    key_ = key != nullptr ? *key : SelectorKey();
    return *this;
}

}  // namespace selectors
}  // namespace cede
