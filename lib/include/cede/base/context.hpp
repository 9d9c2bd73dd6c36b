// What it is: the handle to a set of values of context variables: what each task and each callback runs in. When to use
// it: to run something in a context of its own (`Context::run`), to hand one to create_task, or to look at what another one
// holds. When not: to read a variable in the current context; that is ContextVar::get() (task/context_var.hpp).
//
// Copying a handle refers to the same context. A context belongs to one thread at a time.
#ifndef CEDE_BASE_CONTEXT_HPP
#define CEDE_BASE_CONTEXT_HPP

#include <cstddef>
#include <utility>

#include "absl/types/optional.h"

#include "cede/base/fwd.hpp"
#include "cede/base/ref.hpp"

namespace cede {

namespace detail {
void ref_acquire(ContextData* context) noexcept;
void ref_release(ContextData* context) noexcept;

// The current context as it is to be kept by something scheduled now: a snapshot, null while no variable was ever set
// (so that programs without context variables never allocate one).
Ref<ContextData> snapshot_context();

class ContextEntry;

// Makes `slot` the current context until the end of the scope; a variable that is set puts its value there.
class ContextScope {
public:
    explicit ContextScope(Ref<ContextData>& slot) noexcept;
    ~ContextScope();
    ContextScope(const ContextScope&) = delete;
    ContextScope& operator=(const ContextScope&) = delete;

private:
    Ref<ContextData>* previous_;
    ContextEntry* entered_;
};

// Makes `data` the current context for as long as it lives, above the slot of the running task or handle. The entries of
// one fiber form a list of their own, so that a coroutine may be left and continued inside Context::run().
class ContextEntry {
public:
    // Throws RuntimeError when the context is entered already.
    explicit ContextEntry(Ref<ContextData> data);
    ~ContextEntry();
    ContextEntry(const ContextEntry&) = delete;
    ContextEntry& operator=(const ContextEntry&) = delete;

    Ref<ContextData>& slot() noexcept { return data_; }

private:
    Ref<ContextData> data_;
    ContextEntry* below_;
};
}  // namespace detail

class Context {
public:
    // An empty context.
    Context();
    explicit Context(detail::Ref<detail::ContextData> data) noexcept : data_(std::move(data)) {}

    // An independent snapshot.
    Context copy() const;
    // Calls `f(args...)` with this context as the current one; returns what it returns. Values that it sets stay here. Throws
    // RuntimeError when the context is entered already. Does not cede by itself.
    template <class F, class... Args>
    auto run(F&& f, Args&&... args) const -> decltype(f(std::forward<Args>(args)...)) {
        const detail::ContextEntry entered(data_);
        return std::forward<F>(f)(std::forward<Args>(args)...);
    }

    // Python's mapping of variables to values, without the variables' defaults. Nothing here cedes.
    // How many variables have a value here.
    std::size_t size() const noexcept;
    template <class T>
    bool contains(const ContextVar<T>& variable) const;
    // Throws std::out_of_range, which is Python's KeyError, when it has no value here.
    template <class T>
    T operator[](const ContextVar<T>& variable) const;
    // Nothing, or `otherwise`, when it has no value here.
    template <class T>
    absl::optional<T> get(const ContextVar<T>& variable) const;
    template <class T, class Otherwise>
    T get(const ContextVar<T>& variable, Otherwise&& otherwise) const;

    friend bool operator==(const Context& a, const Context& b) noexcept { return a.data_ == b.data_; }
    friend bool operator!=(const Context& a, const Context& b) noexcept { return a.data_ != b.data_; }
    const detail::Ref<detail::ContextData>& data() const noexcept { return data_; }

private:
    detail::Ref<detail::ContextData> data_;
};

// A snapshot of the current context.
Context copy_context();

}  // namespace cede

#endif
