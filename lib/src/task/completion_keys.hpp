// What it is: numbers for Completions, to be handed through C as a `void*`. A C library may come back once more, or when the
// await has been left long ago; a number that is not known any more is found out, where a pointer would dangle.
#ifndef CEDE_SRC_TASK_COMPLETION_KEYS_HPP
#define CEDE_SRC_TASK_COMPLETION_KEYS_HPP

#include <cstdint>

#include "cede/task/completion_core.hpp"

namespace cede {
namespace detail {

// Any thread. Never zero. Throws std::bad_alloc.
std::uintptr_t remember_completion(CompletionHandle handle);
void forget_completion(std::uintptr_t key) noexcept;

}  // namespace detail
}  // namespace cede

#endif
