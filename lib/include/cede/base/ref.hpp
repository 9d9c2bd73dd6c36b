// What it is: the pointer behind every handle (Future, Task, Handle ...): it counts references inside the object.
// When to use it: for an object whose type gives `ref_acquire(T*)` and `ref_release(T*)`, found by argument-dependent
// look-up, so that a handle to a type that is only declared still copies. Smaller than a shared_ptr by half, and the
// count shares the object's cache line. When not: outside the library.
//
// The counts are atomic where the object is: a handle may be copied and destroyed on any thread.
#ifndef CEDE_BASE_REF_HPP
#define CEDE_BASE_REF_HPP

#include <cstddef>
#include <utility>

namespace cede {
namespace detail {

template <class T>
class Ref {
public:
    constexpr Ref() noexcept = default;
    constexpr Ref(std::nullptr_t) noexcept {}
    explicit Ref(T* object) noexcept : object_(object) {
        if (object_ != nullptr) ref_acquire(object_);
    }
    Ref(const Ref& other) noexcept : Ref(other.object_) {}
    Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    template <class U>
    Ref(Ref<U> other) noexcept : object_(other.detach()) {}
    ~Ref() {
        if (object_ != nullptr) ref_release(object_);
    }
    Ref& operator=(Ref other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }

    // Takes over a count that the caller already owns.
    static Ref adopt(T* object) noexcept {
        Ref ref;
        ref.object_ = object;
        return ref;
    }
    // Gives the count to the caller.
    T* detach() noexcept { return std::exchange(object_, nullptr); }

    T* get() const noexcept { return object_; }
    T& operator*() const noexcept { return *object_; }
    T* operator->() const noexcept { return object_; }
    explicit operator bool() const noexcept { return object_ != nullptr; }
    friend bool operator==(const Ref& a, const Ref& b) noexcept { return a.object_ == b.object_; }
    friend bool operator!=(const Ref& a, const Ref& b) noexcept { return a.object_ != b.object_; }

private:
    T* object_ = nullptr;
};

}  // namespace detail
}  // namespace cede

#endif
