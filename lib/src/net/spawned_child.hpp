// What it is: what a new process does before it executes its program, and what it is told.
//
// The child is made by vfork: it borrows our memory while we stand still. A fork copies the page tables of the whole program,
// which takes 10 ms for a program of a few GB and fails where memory may not be overcommitted. posix_spawn is a vfork inside,
// but cannot do all that is asked for here: close all descriptors but some, change the directory on older systems, umask. The
// price: the child may do nothing but make system calls, and must leave our memory as it is.
//
// A child that is to run as another user is made by fork all the same. It becomes that user last, and from there to the execution
// of the program that user may signal it. Protected by the fork is our memory, which the child does not share then. Not
// protected is the thread that makes the process: if that user stops the child within these few instructions, the thread waits
// for what the child has to tell until the child is continued or killed.
#ifndef CEDE_SRC_NET_SPAWNED_CHILD_HPP
#define CEDE_SRC_NET_SPAWNED_CHILD_HPP

#include <cstddef>

#include <sys/types.h>

#include "cede/net/subprocess_options.hpp"

namespace cede {
namespace detail {

struct SpawnFailure {
    enum Step { none, streams, pass_fds, chdir, session, account, execute };
    int error;  // errno; 0 for none
    int step;
};

struct SpawnPlan {
    char* const* argv;
    char* const* envp;
    char* const* paths;  // of the program, to be tried in this order
    const char* cwd;
    const SubprocessOptions* options;  // what is not above
    // Whom the program runs as; -1, and null for the groups, is who we are.
    uid_t user = static_cast<uid_t>(-1);
    gid_t group = static_cast<gid_t>(-1);
    const gid_t* groups = nullptr;
    std::size_t group_count = 0;
    int streams[3];
    const int* kept;  // descriptors above 2 that stay, in order
    std::size_t kept_count;
    int highest_fd;  // that may be open; -1 when the system closes ranges of them, or nothing is to be closed
    int error_fd;

    // Set by the child, and seen by us if it does borrow our memory: where vfork is but a fork (ThreadSanitizer, emulators) it
    // does not, and error_fd tells.
    volatile bool shared = false;
    SpawnFailure failure = {};

    bool changes_account() const noexcept {
        return user != static_cast<uid_t>(-1) || group != static_cast<gid_t>(-1) || groups != nullptr;
    }
};

// The pid, or -1 and errno. Returns once the child has executed its program or failed to, unless vfork is but a fork.
pid_t start_child(SpawnPlan& plan) noexcept;

// For SpawnPlan::highest_fd.
int highest_descriptor() noexcept;

}  // namespace detail
}  // namespace cede

#endif
