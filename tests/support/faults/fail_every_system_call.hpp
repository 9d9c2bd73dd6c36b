// What it is: a function that runs a body again and again, and each time lets another system call fail, with each error that
// the call may plausibly have. When to use it: to show that something keeps its promises whatever the system says: nobody
// waits for ever, nothing leaks, what failed is told where it was asked for. When not: with a body that sleeps or whose course
// is another each time; for one failure in particular there is FailingCall.
#ifndef CEDE_TESTS_SUPPORT_FAULTS_FAIL_EVERY_SYSTEM_CALL_HPP
#define CEDE_TESTS_SUPPORT_FAULTS_FAIL_EVERY_SYSTEM_CALL_HPP

#include <functional>
#include <initializer_list>

#include "support/faults/system_calls.hpp"

namespace cede {
namespace tests {

struct FaultOptions {
    // Kinds of calls that are left alone.
    std::initializer_list<SystemCall> spared = {};
    // How long, in real time, nothing may happen before somebody counts as waiting for ever, in steps of 20 ms.
    int patience = 50;
};

// Runs `body` as the main task of a new loop on a virtual clock, first undisturbed, then in the n-th run of a kind of call and
// an error with the n-th such call failing that this thread makes from the making of the loop to its end; then `check`,
// without a loop. Returns the number of runs with a failure.
//
// The body may come to its end, or throw what says so: std::system_error, IncompleteReadError, or a group of nothing else. With
// EINTR and EAGAIN it must come to its end: these are nobody's business. The same holds for what is reported to the exception
// handler. What else it throws, what check throws, and std::logic_error for one that waits for ever, that spins, or that leaves
// a task or a descriptor, is thrown, after the call was written to stderr.
int fail_every_system_call(const std::function<void()>& body, const std::function<void()>& check = nullptr,
                           const FaultOptions& options = FaultOptions());

}  // namespace tests
}  // namespace cede

#endif
