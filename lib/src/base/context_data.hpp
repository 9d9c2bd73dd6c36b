// What it is: the values behind a Context: copied on write, since a snapshot is taken at every call_soon and a change is
// rare.
#ifndef CEDE_SRC_BASE_CONTEXT_DATA_HPP
#define CEDE_SRC_BASE_CONTEXT_DATA_HPP

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "cede/base/context.hpp"
#include "cede/base/pool.hpp"
#include "cede/base/ref_count.hpp"

namespace cede {
namespace detail {

class ContextData final : public Pooled {
public:
    // The key is the variable's own identity, which is never reused; the value is immutable once set. Sorted by key: there
    // are few, and a copy is one allocation.
    using Value = std::pair<std::uint64_t, std::shared_ptr<const void>>;
    using Values = std::vector<Value>;

    ContextData() = default;
    explicit ContextData(std::shared_ptr<const Values> values) noexcept : values_(std::move(values)) {}

    std::shared_ptr<const void> find(std::uint64_t key) const {
        if (values_ == nullptr) return nullptr;
        const auto found = place_of(*values_, key);
        return found == values_->end() || found->first != key ? nullptr : found->second;
    }
    // A null `value` takes the variable out.
    void set(std::uint64_t key, std::shared_ptr<const void> value) {
        const auto changed = std::make_shared<Values>();
        if (values_ != nullptr) {
            changed->reserve(values_->size() + 1);
            *changed = *values_;
        }
        const auto place = place_of(*changed, key);
        const bool present = place != changed->end() && place->first == key;
        if (value == nullptr) {
            if (present) changed->erase(place);
        } else if (present) {
            place->second = std::move(value);
        } else {
            changed->emplace(place, key, std::move(value));
        }
        values_ = std::move(changed);
    }
    const std::shared_ptr<const Values>& values() const noexcept { return values_; }

    RefCount references;
    bool entered = false;

private:
    template <class V>
    static auto place_of(V& values, std::uint64_t key) -> decltype(values.begin()) {
        return std::lower_bound(values.begin(), values.end(), key,
                                [](const Value& each, std::uint64_t wanted) { return each.first < wanted; });
    }

    std::shared_ptr<const Values> values_;
};

// Where the current context is kept; the thread's own slot outside every task and handle.
Ref<ContextData>& current_context_slot() noexcept;

}  // namespace detail
}  // namespace cede

#endif
