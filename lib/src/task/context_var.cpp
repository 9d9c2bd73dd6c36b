#include "cede/task/context_var.hpp"

#include <atomic>
#include <stdexcept>

#include "base/context_data.hpp"
#include "cede/base/exceptions.hpp"

namespace cede {
namespace detail {
namespace {

std::atomic<std::uint64_t> next_number{1};

}  // namespace

ContextKey::ContextKey(std::string variable)
    : number(next_number.fetch_add(1, std::memory_order_relaxed)), name(std::move(variable)) {}

ContextValue find_context_value(const ContextKey& key) {
    const Ref<ContextData>& current = current_context_slot();
    return current ? current->find(key.number) : nullptr;
}

ContextValue find_context_value(const ContextKey& key, const Context& context) {
    return context.data()->find(key.number);
}

std::shared_ptr<TokenState> set_context_value(std::shared_ptr<const ContextKey> key, ContextValue value) {
    Ref<ContextData>& current = current_context_slot();
    if (!current) current = Ref<ContextData>(new ContextData());
    auto token = std::make_shared<TokenState>();
    token->context = current;
    token->old_value = current->find(key->number);
    current->set(key->number, std::move(value));
    token->key = std::move(key);
    return token;
}

void reset_context_value(TokenState& token, const ContextKey& key) {
    if (token.used) throw RuntimeError("the token of context variable '" + key.name + "' has been used once already");
    if (token.key.get() != &key) {
        throw std::invalid_argument("the token was created by context variable '" + token.key->name + "', not by '" +
                                    key.name + "'");
    }
    if (token.context != current_context_slot()) {
        throw std::invalid_argument("the token of context variable '" + key.name +
                                    "' was created in a different context: reset() it in the task that called set()");
    }
    token.context->set(key.number, token.old_value);
    token.used = true;
}

void throw_unset(const ContextKey& key) {
    throw std::out_of_range("context variable '" + key.name +
                            "' has no value here: set() it, use get(default), or give it a default when it is made");
}

void throw_not_in_context(const ContextKey& key) {
    throw std::out_of_range("context variable '" + key.name + "' has no value in this context: ask contains(), or use get()");
}

}  // namespace detail
}  // namespace cede
