// What it is: where a generator or coroutine stands. `closed` is what it ends in, whether it returned, threw or was closed.
#ifndef CEDE_BASE_COROUTINE_STATE_HPP
#define CEDE_BASE_COROUTINE_STATE_HPP

#include <cstdint>

namespace cede {

enum class CoroutineState : std::uint8_t { created, running, suspended, closed };

}  // namespace cede

#endif
