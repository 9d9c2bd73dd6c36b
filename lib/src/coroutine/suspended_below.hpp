// What it is: the error of a suspension above a NoSuspend.
#ifndef CEDE_SRC_COROUTINE_SUSPENDED_BELOW_HPP
#define CEDE_SRC_COROUTINE_SUSPENDED_BELOW_HPP

#include "cede/coroutine/no_suspend.hpp"

namespace cede {
namespace detail {

[[noreturn]] void throw_suspended_below(const NoSuspend& guard);

}  // namespace detail
}  // namespace cede

#endif
