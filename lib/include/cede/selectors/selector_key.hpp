// What it is: the event masks, and the `SelectorKey` that says what was registered under a file descriptor.
// When to use it: keys come out of `register_`, `get_key`, `get_map` and `select`; nobody needs to make one.
// When not: a loop that only wants "which fd" asks `BaseSelector::select_ready`, which makes no keys.
//
// Nothing here cedes. A key is a value: it may be copied and destroyed on any thread, and stays as it was when the
// registration changes. Copies refer to the same data, as Python's do, so copying one costs a reference count and
// never copies a user's string.
#ifndef CEDE_SELECTORS_SELECTOR_KEY_HPP
#define CEDE_SELECTORS_SELECTOR_KEY_HPP

#include <memory>
#include <string>
#include <typeinfo>
#include <utility>

#include "absl/types/any.h"

namespace cede {
namespace selectors {

// A bitwise or of EVENT_READ and EVENT_WRITE. An int, as in Python, so that `EVENT_READ | EVENT_WRITE` needs no cast.
using EventMask = int;
constexpr EventMask EVENT_READ = 1;
constexpr EventMask EVENT_WRITE = 2;

class SelectorKey;

// What `SelectorKey::data_as<T>` throws when the data is not a T. It is a std::bad_cast whose text names both types.
class BadDataCast : public std::bad_cast {
public:
    explicit BadDataCast(std::string text);
    const char* what() const noexcept override { return text_->c_str(); }

private:
    std::shared_ptr<const std::string> text_;  // shared: copying an exception must not throw
};

namespace detail {
[[noreturn]] void throw_bad_data_cast(const SelectorKey& key, const std::type_info& wanted);
}  // namespace detail

// A file descriptor, the events it is watched for, and the user's data. Python's `fileobj` is the fd here.
class SelectorKey {
public:
    // An empty key: no fd, no events, no data.
    SelectorKey() noexcept = default;

    // A key without data; does not allocate.
    SelectorKey(int file, EventMask mask) noexcept : fd(file), events(mask) {}

    // A key with data; an empty `value` is no data.
    SelectorKey(int file, EventMask mask, absl::any value);

    int fd = -1;
    EventMask events = 0;

    // Whether data was registered with the fd.
    bool has_data() const noexcept { return data_ != nullptr; }

    // The data as the exact type it was registered with, after decay: `data_as<const char*>()` for a literal. The
    // reference lives as long as any copy of this key, or its registration. Throws BadDataCast for any other type.
    template <class T>
    const T& data_as() const {
        const T* value = data_ ? absl::any_cast<T>(data_.get()) : nullptr;
        if (value == nullptr) detail::throw_bad_data_cast(*this, typeid(T));
        return *value;
    }

    // The data for code that must ask for its type; nullptr without data. Lives as the reference above does.
    const absl::any* data() const noexcept { return data_.get(); }

    // Equal when fd, events and the data object are the same; absl::any cannot compare values, so data is compared
    // by identity, which is what Python falls back to.
    friend bool operator==(const SelectorKey& a, const SelectorKey& b) noexcept {
        return a.fd == b.fd && a.events == b.events && a.data_ == b.data_;
    }
    friend bool operator!=(const SelectorKey& a, const SelectorKey& b) noexcept { return !(a == b); }

private:
    std::shared_ptr<const absl::any> data_;
};

}  // namespace selectors
}  // namespace cede

#endif
