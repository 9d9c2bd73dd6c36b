// What it is: a variable whose value belongs to the task, the callback or the Context::run() that set it, and is copied to
// what these start: asyncio's way to a request id or a user that code far below needs. When to use it: in place of a
// thread_local. When not: in place of an argument.
//
//   ContextVar<std::string> user("user", "nobody");         // usually at namespace scope
//   auto token = user.set("ann");  ...  user.reset(token);   // or: with(user.set("ann"), [&] { ... });
//
// Nothing here cedes. Any thread: each has a current context of its own, empty to begin with.
#ifndef CEDE_TASK_CONTEXT_VAR_HPP
#define CEDE_TASK_CONTEXT_VAR_HPP

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "absl/types/optional.h"

#include "cede/base/context.hpp"

namespace cede {

namespace detail {

using ContextValue = std::shared_ptr<const void>;

// What a variable is known by; never freed before its last handle and token.
struct ContextKey {
    explicit ContextKey(std::string variable);
    const std::uint64_t number;
    const std::string name;
};

// What a set() did.
struct TokenState {
    std::shared_ptr<const ContextKey> key;
    Ref<ContextData> context;
    ContextValue old_value;
    bool used = false;
};

// In the current context, or in the one given: null when it is not set.
ContextValue find_context_value(const ContextKey& key);
ContextValue find_context_value(const ContextKey& key, const Context& context);
std::shared_ptr<TokenState> set_context_value(std::shared_ptr<const ContextKey> key, ContextValue value);
// Throws RuntimeError when it was used, std::invalid_argument for another variable's token or another context.
void reset_context_value(TokenState& token, const ContextKey& key);
[[noreturn]] void throw_unset(const ContextKey& key);
[[noreturn]] void throw_not_in_context(const ContextKey& key);

}  // namespace detail

// What set() gives, to undo it once. Copying a handle refers to the same token. As a manager for `with` it undoes when the
// scope is left.
template <class T>
class Token {
public:
    ContextVar<T> var() const { return ContextVar<T>(state_->key); }
    // What the variable was set to before, its default not counted; nothing when it was not set.
    absl::optional<T> old_value() const {
        if (state_->old_value == nullptr) return absl::nullopt;
        return absl::optional<T>(*static_cast<const T*>(state_->old_value.get()));
    }

    const Token& enter() const noexcept { return *this; }
    bool exit(const std::exception_ptr&) const {
        detail::reset_context_value(*state_, *state_->key);
        return false;
    }

private:
    friend class ContextVar<T>;
    explicit Token(std::shared_ptr<detail::TokenState> state) noexcept : state_(std::move(state)) {}
    std::shared_ptr<detail::TokenState> state_;
};

// Copying a handle refers to the same variable; two variables of one name are two.
template <class T>
class ContextVar {
public:
    // `name` is for error messages.
    explicit ContextVar(std::string name) : variable_(std::make_shared<Variable>(std::move(name), absl::nullopt)) {}
    ContextVar(std::string name, T otherwise)
        : variable_(std::make_shared<Variable>(std::move(name), absl::optional<T>(std::move(otherwise)))) {}

    const std::string& name() const noexcept { return variable_->name; }
    // The value in the current context, else the default that the variable was made with. Throws std::out_of_range, which
    // is Python's LookupError, without both.
    T get() const {
        if (const detail::ContextValue value = detail::find_context_value(*variable_)) return as_value(value);
        if (!variable_->otherwise) detail::throw_unset(*variable_);
        return *variable_->otherwise;
    }
    // The value in the current context, else `otherwise`.
    T get(T otherwise) const {
        const detail::ContextValue value = detail::find_context_value(*variable_);
        return value != nullptr ? as_value(value) : std::move(otherwise);
    }
    // Sets it in the current context.
    Token<T> set(T value) const {
        return Token<T>(detail::set_context_value(variable_, std::make_shared<const T>(std::move(value))));
    }
    // Puts back what was before the set() that gave the token. Throws RuntimeError when the token was used before,
    // std::invalid_argument when it is of another variable, or of a set() in another context.
    void reset(const Token<T>& token) const { detail::reset_context_value(*token.state_, *variable_); }

    friend bool operator==(const ContextVar& a, const ContextVar& b) noexcept { return a.variable_ == b.variable_; }
    friend bool operator!=(const ContextVar& a, const ContextVar& b) noexcept { return a.variable_ != b.variable_; }

private:
    friend class Token<T>;
    friend class Context;
    struct Variable : detail::ContextKey {
        Variable(std::string variable, absl::optional<T> value)
            : ContextKey(std::move(variable)), otherwise(std::move(value)) {}
        const absl::optional<T> otherwise;
    };

    // Of a token, whose key is one that a variable of this type put there.
    explicit ContextVar(const std::shared_ptr<const detail::ContextKey>& key) noexcept
        : variable_(std::static_pointer_cast<const Variable>(key)) {}
    static const T& as_value(const detail::ContextValue& value) noexcept { return *static_cast<const T*>(value.get()); }

    std::shared_ptr<const Variable> variable_;
};

template <class T>
bool Context::contains(const ContextVar<T>& variable) const {
    return detail::find_context_value(*variable.variable_, *this) != nullptr;
}

template <class T>
T Context::operator[](const ContextVar<T>& variable) const {
    const detail::ContextValue value = detail::find_context_value(*variable.variable_, *this);
    if (value == nullptr) detail::throw_not_in_context(*variable.variable_);
    return ContextVar<T>::as_value(value);
}

template <class T>
absl::optional<T> Context::get(const ContextVar<T>& variable) const {
    const detail::ContextValue value = detail::find_context_value(*variable.variable_, *this);
    return value != nullptr ? absl::optional<T>(ContextVar<T>::as_value(value)) : absl::nullopt;
}

template <class T, class Otherwise>
T Context::get(const ContextVar<T>& variable, Otherwise&& otherwise) const {
    const detail::ContextValue value = detail::find_context_value(*variable.variable_, *this);
    return value != nullptr ? ContextVar<T>::as_value(value) : T(std::forward<Otherwise>(otherwise));
}

}  // namespace cede

#endif
