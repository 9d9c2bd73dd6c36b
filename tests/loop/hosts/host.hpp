// What it is: a foreign event loop that hosts one of ours, as the cases of host_cases.cpp see it. Each NAME_host.cpp shows how
// that is done with one library, and is linked with the cases to a program of its own.
#ifndef CEDE_TESTS_LOOP_HOSTS_HOST_HPP
#define CEDE_TESTS_LOOP_HOSTS_HOST_HPP

#include <exception>
#include <functional>
#include <memory>
#include <utility>

#include "cede/loop/event_loop.hpp"

namespace hosts {

class Host {
public:
    Host() = default;
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    virtual ~Host() = default;

    // One turn of the host: waits until something is to be done, and does it.
    virtual void turn() = 0;
    // Whether the library lets turn() be called inside a callback of its own, such as the one that runs our loop.
    virtual bool nests() const { return true; }
    // Calls `callback` from the host, once `delay` has passed.
    virtual void after(std::chrono::milliseconds delay, std::function<void()> callback) = 0;
    // Takes our loop out, before it is closed.
    virtual void detach() = 0;

    // Turns until `done` says so. Throws what came out of poll_once(), which no frame of a library in C may see.
    template <class Done>
    void run_until(Done done) {
        while (!done() && error_ == nullptr) turn();
        if (error_ != nullptr) std::rethrow_exception(std::exchange(error_, nullptr));
    }
    // How often the host came back from a wait so far.
    int wakeups() const noexcept { return wakeups_; }

protected:
    // What every host does when it is time to; false when our loop runs already, further up the stack.
    bool poll(cede::EventLoop& loop) noexcept {
        if (loop.is_running()) return false;
        try {
            loop.poll_once();
        } catch (...) {
            error_ = std::current_exception();
        }
        return true;
    }

    int wakeups_ = 0;
    std::exception_ptr error_;
};

// Made by the one NAME_host.cpp of the program.
std::unique_ptr<Host> make_host(cede::EventLoop& loop);

}  // namespace hosts

#endif
