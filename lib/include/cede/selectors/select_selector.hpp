// What it is: the selector on select(2), the oldest and most portable of the four.
// When to use it: where there is nothing else, and to test code against it.
// When not: for many fds. It takes none from FD_SETSIZE (1,024) up, register_ throws std::invalid_argument for those,
// and each wait costs time in proportion to the highest fd.
//
// The interface and its contract are BaseSelector's.
#ifndef CEDE_SELECTORS_SELECT_SELECTOR_HPP
#define CEDE_SELECTORS_SELECT_SELECTOR_HPP

#include <memory>
#include <vector>

#include "cede/selectors/base_selector.hpp"

namespace cede {
namespace selectors {

class SelectSelector : public BaseSelector {
public:
    // Throws std::bad_alloc at most.
    SelectSelector();
    ~SelectSelector() override;

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
