// What it is: the values behind a Context: copied on write, since a snapshot is taken at every call_soon and a change is
// rare.
#ifndef CEDE_SRC_BASE_CONTEXT_DATA_HPP
#define CEDE_SRC_BASE_CONTEXT_DATA_HPP

#include <memory>

#include "absl/container/flat_hash_map.h"

#include "cede/base/context.hpp"
#include "cede/base/pool.hpp"
#include "cede/base/ref_count.hpp"

namespace cede {
namespace detail {

class ContextData final : public Pooled {
public:
    // The key is the variable's own identity, which is never reused; the value is immutable once set.
    using Values = absl::flat_hash_map<std::uint64_t, std::shared_ptr<const void>>;

    ContextData() = default;
    explicit ContextData(std::shared_ptr<const Values> values) noexcept : values_(std::move(values)) {}

    std::shared_ptr<const void> find(std::uint64_t key) const {
        if (values_ == nullptr) return nullptr;
        const auto found = values_->find(key);
        return found == values_->end() ? nullptr : found->second;
    }
    // A null `value` takes the variable out.
    void set(std::uint64_t key, std::shared_ptr<const void> value) {
        auto changed = values_ != nullptr ? std::make_shared<Values>(*values_) : std::make_shared<Values>();
        if (value != nullptr) {
            (*changed)[key] = std::move(value);
        } else {
            changed->erase(key);
        }
        values_ = std::move(changed);
    }
    const std::shared_ptr<const Values>& values() const noexcept { return values_; }

    RefCount references;
    bool entered = false;

private:
    std::shared_ptr<const Values> values_;
};

// Where the current context is kept; the thread's own slot outside every task and handle.
Ref<ContextData>& current_context_slot() noexcept;

}  // namespace detail
}  // namespace cede

#endif
