// What it is: `BaseSelector`, Python's selectors.BaseSelector: register file descriptors, then `select` which of them
// can be read or written. The backends derive from it, and so may a fake one in a test.
// When to use it: as the parameter type of code that waits on fds; make a `DefaultSelector`.
// When not: inside a running event loop, which has a selector already; use `EventLoop::add_reader` there.
//
// Nothing here cedes: `select` blocks the thread. A selector belongs to one thread at a time; to wake a `select` from
// another thread, write to a registered pipe or eventfd. EINTR is never reported: the wait goes on with the time left,
// and a signal that should end it writes to a registered fd.
//
// After close() every member but close, fileno, forget and get_map throws RuntimeError.
#ifndef CEDE_SELECTORS_BASE_SELECTOR_HPP
#define CEDE_SELECTORS_BASE_SELECTOR_HPP

#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "absl/types/any.h"
#include "absl/types/optional.h"

#include "cede/base/duration.hpp"
#include "cede/base/has_fileno.hpp"
#include "cede/selectors/selector_key.hpp"
#include "cede/selectors/selector_map.hpp"

namespace cede {
namespace selectors {

// A ready fd and what it is ready for: the loop's answer, without a key.
struct ReadyFd {
    int fd;
    EventMask events;
};

class BaseSelector {
public:
    BaseSelector();
    virtual ~BaseSelector();
    BaseSelector(const BaseSelector&) = delete;
    BaseSelector& operator=(const BaseSelector&) = delete;

    // Watches `fd` for `events`; returns the new key. `data` is anything copyable; the form without data never
    // allocates once the fd's number has been registered before. Throws std::invalid_argument for a bad mask or a
    // negative fd, std::out_of_range when the fd is registered already, std::system_error when the system refuses
    // it; nothing is registered then.
    SelectorKey register_(int fd, EventMask events);
    SelectorKey register_(int fd, EventMask events, absl::any data);

    // Stops watching `fd`; returns the key it had. Works after the fd was closed, even when its number has been
    // reused. Throws std::out_of_range when it is not registered.
    SelectorKey unregister(int fd);

    // Replaces events and data; returns the new key. As in Python, the form without data drops the old data. Only a
    // change of events reaches the system. Throws as register_ does, std::out_of_range when `fd` is not registered;
    // when the system refuses, `fd` ends up unregistered, since its state would be unknown.
    SelectorKey modify(int fd, EventMask events);
    SelectorKey modify(int fd, EventMask events, absl::any data);

    // Waits until a registered fd is ready or `timeout` has passed; returns what is ready, at most one entry for an
    // fd, with events limited to those registered. nullopt waits for ever, zero or less only looks. The list can be
    // empty before the timeout only when an fd was closed while registered. An error or hang-up of an fd counts as
    // ready for what it is registered for, so that the following read or write reports it. Throws std::system_error
    // from the system.
    std::vector<std::pair<SelectorKey, EventMask>> select(absl::optional<Duration> timeout = absl::nullopt);

    // The key of `fd`. Throws std::out_of_range when it is not registered.
    SelectorKey get_key(int fd) const;

    // The same for whatever owns a descriptor and has a fileno(): a Socket.
    template <class File, class = cede::detail::IfHasFileno<File>>
    SelectorKey register_(const File& file, EventMask events) { return register_(file.fileno(), events); }
    template <class File, class = cede::detail::IfHasFileno<File>>
    SelectorKey register_(const File& file, EventMask events, absl::any data) {
        return register_(file.fileno(), events, std::move(data));
    }
    template <class File, class = cede::detail::IfHasFileno<File>>
    SelectorKey unregister(const File& file) { return unregister(file.fileno()); }
    template <class File, class = cede::detail::IfHasFileno<File>>
    SelectorKey modify(const File& file, EventMask events) { return modify(file.fileno(), events); }
    template <class File, class = cede::detail::IfHasFileno<File>>
    SelectorKey modify(const File& file, EventMask events, absl::any data) {
        return modify(file.fileno(), events, std::move(data));
    }
    template <class File, class = cede::detail::IfHasFileno<File>>
    SelectorKey get_key(const File& file) const { return get_key(file.fileno()); }

    // For `with`, which closes it at the end.
    BaseSelector& enter() noexcept { return *this; }
    void exit(const std::exception_ptr&) noexcept { close(); }

    // The live view of all registrations; of a closed selector an empty one. Does not throw.
    SelectorMap get_map() const noexcept { return SelectorMap(registrations_); }

    // Forgets all registrations and gives the backend's fd back. May be called again. Does not throw.
    void close() noexcept;

    // The backend's own fd, which becomes readable when a registered fd is ready, to be watched by another loop;
    // -1 when the backend has none, and after close().
    virtual int fileno() const noexcept { return -1; }

    // Of an fd that is about to be closed in another thread than the selector's: takes it out of the set that the system
    // keeps, if there is one, and leaves the books alone; the selector's own thread calls unregister() or modify() when it
    // hears of it. Without this a duplicate, perhaps in a child process, would keep a closed file in an epoll for ever.
    // Any thread, also while another one is in select or any other member but close and the destructor. Does not throw.
    virtual void forget(int fd) noexcept;

    // The loop's form of `select`: clears `out` and fills it, without allocating once `out` and the backend's buffers
    // have grown to the number of ready fds. Arguments and errors are those of `select`.
    //
    // It may stop at most_at_once() and report the rest the next time, those that have waited longest first.
    // It is the one function that a subclass must write. That subclass starts with `check_open("select")`, clears
    // `out`, and reports each fd once, masked by `registered_events(fd)`.
    virtual void select_ready(absl::optional<Duration> timeout, std::vector<ReadyFd>& out) = 0;

    // How many ready fds a select_ready() need report; all, unless this was called. select() always reports all.
    void set_most_at_once(std::size_t count) noexcept { most_at_once_ = count; }

protected:
    std::size_t most_at_once() const noexcept { return most_at_once_; }
    // The events `fd` is registered for, 0 when it is not registered.
    EventMask registered_events(int fd) const noexcept;

    // Throws RuntimeError naming `call` when the selector is closed.
    void check_open(const char* call) const;

private:
    // The hooks of a backend; arguments have been checked, and the base keeps the books. A hook that throws refuses
    // the change: nothing stays registered. A subclass releases its resources in on_close and in its destructor,
    // because a base class's destructor can no longer reach its hooks.
    virtual void on_register(int fd, EventMask events);
    virtual void on_modify(int fd, EventMask old_events, EventMask events);
    virtual void on_unregister(int fd, EventMask events) noexcept;
    virtual void on_close() noexcept;

    SelectorKey insert(SelectorKey key);
    SelectorKey replace(SelectorKey key);

    std::shared_ptr<detail::Registrations> registrations_;  // shared with the views, which may outlive the selector
    std::vector<ReadyFd> ready_;
    std::size_t most_at_once_ = static_cast<std::size_t>(-1);
};

}  // namespace selectors
}  // namespace cede

#endif
