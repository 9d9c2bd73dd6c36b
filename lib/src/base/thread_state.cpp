#include "base/thread_state.hpp"

namespace cede {
namespace detail {

__thread ThreadState thread_state;

}  // namespace detail
}  // namespace cede
