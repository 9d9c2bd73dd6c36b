// What it is: the environment variables that cede reads. When not: for options a program should set in code.
#ifndef CEDE_SRC_LOOP_ENVIRONMENT_HPP
#define CEDE_SRC_LOOP_ENVIRONMENT_HPP

#include <cstdlib>

namespace cede {
namespace detail {

// CEDE_DEBUG, set and not empty: new loops start in debug mode.
inline bool debug_by_environment() noexcept {
    const char* value = std::getenv("CEDE_DEBUG");
    return value != nullptr && *value != '\0';
}

}  // namespace detail
}  // namespace cede

#endif
