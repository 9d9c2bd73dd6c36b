// What it is: what a forked child must not take for its own: the loop that runs in the thread that called fork(), the task
// and the coroutine there, and the signals of the parent's loops. It may then run a loop of its own.
//
// The parent's loop is in the child's memory all the same, and shares the selector with the parent: so the child must leave
// by _exit() or exec, and not by going on in the parent's code, as is the rule for any fork of a program with threads.
#ifndef CEDE_SRC_LOOP_AFTER_FORK_HPP
#define CEDE_SRC_LOOP_AFTER_FORK_HPP

namespace cede {
namespace detail {

// Sees to it, once for the process.
void forget_parent_after_fork();

}  // namespace detail
}  // namespace cede

#endif
