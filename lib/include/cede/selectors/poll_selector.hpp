// What it is: the selector on poll(2).
// When to use it: for a handful of fds, on systems with neither epoll nor kqueue, and for regular files, which epoll
// refuses and poll calls always ready.
// When not: for many fds; each wait costs time in proportion to their number.
//
// The interface and its contract are BaseSelector's.
#ifndef CEDE_SELECTORS_POLL_SELECTOR_HPP
#define CEDE_SELECTORS_POLL_SELECTOR_HPP

#include <memory>
#include <vector>

#include "cede/selectors/base_selector.hpp"

namespace cede {
namespace selectors {

class PollSelector : public BaseSelector {
public:
    // Throws std::bad_alloc at most.
    PollSelector();
    ~PollSelector() override;

    void select_ready(absl::optional<Duration> timeout, std::vector<ReadyFd>& out) override;

private:
    void on_register(int fd, EventMask events) override;
    void on_modify(int fd, EventMask old_events, EventMask events) override;
    void on_unregister(int fd, EventMask events) noexcept override;
    void on_close() noexcept override;

    struct Impl;
    std::shared_ptr<Impl> impl_;  // not shared, but quicker to compile than a unique_ptr; empty once closed
};

}  // namespace selectors
}  // namespace cede

#endif
