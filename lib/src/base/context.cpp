#include "cede/base/context.hpp"

#include "base/context_data.hpp"
#include "base/thread_state.hpp"
#include "cede/base/exceptions.hpp"

namespace cede {
namespace detail {

void ref_acquire(ContextData* context) noexcept { context->references.acquire(); }

void ref_release(ContextData* context) noexcept {
    if (context->references.release()) delete context;
}

namespace {
// Apart, for the guard of a variable with a destructor costs as much as all else here.
__attribute__((noinline)) Ref<ContextData>& own_context_slot() noexcept {
    static thread_local Ref<ContextData> own;
    return own;
}
}  // namespace

Ref<ContextData>& current_context_slot() noexcept {
    if (thread_state.entered != nullptr) return thread_state.entered->slot();
    return thread_state.context != nullptr ? *thread_state.context : own_context_slot();
}

Ref<ContextData> snapshot_context() {
    const Ref<ContextData>& current = current_context_slot();
    if (!current || current->values() == nullptr) return nullptr;
    return Ref<ContextData>(new ContextData(current->values()));
}

ContextScope::ContextScope(Ref<ContextData>& slot) noexcept
    : previous_(thread_state.context), entered_(thread_state.entered) {
    thread_state.context = &slot;
    thread_state.entered = nullptr;
}

ContextScope::~ContextScope() {
    thread_state.context = previous_;
    thread_state.entered = entered_;
}

ContextEntry::ContextEntry(Ref<ContextData> data) : data_(std::move(data)), below_(thread_state.entered) {
    // By Context::run(), or by the task or callback that runs in it.
    const bool runs_here = thread_state.context != nullptr && *thread_state.context == data_;
    if (data_->entered || runs_here) throw RuntimeError("cannot enter context: it is already entered; run a copy() of it");
    data_->entered = true;
    thread_state.entered = this;
}

ContextEntry::~ContextEntry() {
    data_->entered = false;
    thread_state.entered = below_;
}

}  // namespace detail

Context::Context() : data_(new detail::ContextData()) {}

Context Context::copy() const {
    return Context(detail::Ref<detail::ContextData>(new detail::ContextData(data_->values())));
}

std::size_t Context::size() const noexcept { return data_->values() != nullptr ? data_->values()->size() : 0; }

Context copy_context() {
    detail::Ref<detail::ContextData> data = detail::snapshot_context();
    return data ? Context(std::move(data)) : Context();
}

}  // namespace cede
