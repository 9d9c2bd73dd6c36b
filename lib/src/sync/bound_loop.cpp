#include "cede/sync/bound_loop.hpp"

#include <string>

#include "cede/base/exceptions.hpp"
#include "cede/loop/event_loop.hpp"

namespace cede {
namespace detail {

EventLoop& BoundLoop::bind(const char* what) {
    EventLoop& running = get_running_loop();
    const LoopReference& reference = running.reference();
    if (loop_.token == nullptr) loop_ = reference;
    if (loop_.token != reference.token || loop_.generation != reference.generation) {
        throw RuntimeError(std::string(what) + " is bound to a different event loop, in which a task has waited for it "
                           "before: make one for each loop");
    }
    return running;
}

}  // namespace detail
}  // namespace cede
