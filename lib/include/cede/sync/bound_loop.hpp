// What it is: the loop that a primitive belongs to from its first blocking use on; before that it may be made anywhere,
// also where no loop runs. When to use it: inside the library, in each primitive that makes tasks wait.
#ifndef CEDE_SYNC_BOUND_LOOP_HPP
#define CEDE_SYNC_BOUND_LOOP_HPP

#include "cede/base/loop_reference.hpp"

namespace cede {
namespace detail {

class BoundLoop {
public:
    // The running loop, to which the primitive then belongs. `what` names it in the error. Throws RuntimeError when no loop
    // runs, or another than before.
    EventLoop& bind(const char* what);

private:
    LoopReference loop_;
};

}  // namespace detail
}  // namespace cede

#endif
