// What it is: the result or the exception of something that ended, as a value: what gather_outcomes gives for each. When
// to use it: to look at failures one by one. When not: where the first failure should be raised; that is gather.
#ifndef CEDE_TASK_OUTCOME_HPP
#define CEDE_TASK_OUTCOME_HPP

#include <exception>
#include <type_traits>
#include <utility>

#include "absl/types/optional.h"
#include "absl/types/variant.h"

namespace cede {

template <class T = void>
class Outcome {
public:
    using Value = std::conditional_t<std::is_void<T>::value, absl::monostate, T>;

    explicit Outcome(Value value) : value_(std::move(value)) {}
    explicit Outcome(std::exception_ptr exception) noexcept : exception_(std::move(exception)) {}

    bool has_value() const noexcept { return exception_ == nullptr; }
    explicit operator bool() const noexcept { return has_value(); }
    // Throws the exception if that is what it holds.
    const Value& value() const& {
        if (exception_) std::rethrow_exception(exception_);
        return *value_;
    }
    Value&& value() && {
        if (exception_) std::rethrow_exception(exception_);
        return std::move(*value_);
    }
    const Value& result() const { return value(); }
    const Value& operator*() const { return value(); }
    const Value* operator->() const { return &value(); }
    // Null for a value.
    const std::exception_ptr& exception() const noexcept { return exception_; }

private:
    absl::optional<Value> value_;
    std::exception_ptr exception_;
};

}  // namespace cede

#endif
