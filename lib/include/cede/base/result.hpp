// What it is: the place for what a body returns, with `void` treated as a value, for the frames of this room and for
// futures. When not to use it: outside the library.
#ifndef CEDE_BASE_RESULT_HPP
#define CEDE_BASE_RESULT_HPP

#include <cstddef>
#include <type_traits>
#include <utility>

#include "absl/types/optional.h"
#include "absl/types/variant.h"

#include "cede/base/copyable.hpp"
#include "cede/base/exceptions.hpp"
#include "cede/base/stop_iteration.hpp"

namespace cede {
namespace detail {

template <class R>
[[noreturn]] std::enable_if_t<std::is_default_constructible<R>::value> throw_stop_without_value() {
    throw StopIteration<R>(R());
}
template <class R>
[[noreturn]] std::enable_if_t<!std::is_default_constructible<R>::value> throw_stop_without_value() {
    throw InvalidStateError("the body has ended and its result was taken");
}

template <class R>
class Result {
    static_assert(alignof(R) <= alignof(std::max_align_t),
                  "an over-aligned result (a vector register's type) has no place here: return it through a unique_ptr");

public:
    using Optional = absl::optional<R>;

    template <class F>
    void set_from(F&& f) { value_.emplace(f()); }
    bool has_value() const noexcept { return value_.has_value(); }
    R& get() {
        if (!value_) throw InvalidStateError("there is no result: the body has not returned");
        return *value_;
    }
    R take() {
        R& value = get();
        taken_ = true;
        return std::move(value);
    }
    // The first time with the value itself; a resumption after that carries R(), as Python's carries None.
    [[noreturn]] void throw_stop_iteration() {
        if (!value_ || taken_) throw_stop_without_value<R>();
        taken_ = true;
        throw_stop(IsCopyable<R>());
    }
    static Optional optional(Result* result) {
        if (result == nullptr || !result->value_) return absl::nullopt;
        result->taken_ = true;
        return Optional(std::move(*result->value_));
    }

private:
    // A copy stays behind for result(), where the type has copies.
    [[noreturn]] void throw_stop(std::true_type) { throw StopIteration<R>(*value_); }
    [[noreturn]] void throw_stop(std::false_type) { throw StopIteration<R>(std::move(*value_)); }

    Optional value_;
    bool taken_ = false;
};

template <>
class Result<void> {
public:
    using Optional = void;

    template <class F>
    void set_from(F&& f) {
        f();
        set_ = true;
    }
    bool has_value() const noexcept { return set_; }
    void get() const {
        if (!set_) throw InvalidStateError("there is no result: the body has not returned");
    }
    void take() const { get(); }
    [[noreturn]] void throw_stop_iteration() { throw StopIteration<void>(); }
    static void optional(Result*) noexcept {}

private:
    bool set_ = false;
};

}  // namespace detail
}  // namespace cede

#endif
