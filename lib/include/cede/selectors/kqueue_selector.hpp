// What it is: the selector on kqueue; the DefaultSelector of macOS and the BSDs.
// When to use it: there, always; other systems do not have the class.
// When not: for fds that must stay registered across fork(): a kqueue is not inherited.
//
// The interface and its contract are BaseSelector's.
#ifndef CEDE_SELECTORS_KQUEUE_SELECTOR_HPP
#define CEDE_SELECTORS_KQUEUE_SELECTOR_HPP

#include <memory>
#include <vector>

#include "cede/selectors/base_selector.hpp"

// The tests on Linux name their own kqueue in CEDE_KQUEUE_HEADER; nothing else should define it.
#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) || \
    defined(__DragonFly__) || defined(CEDE_KQUEUE_HEADER)
#define CEDE_SELECTORS_HAVE_KQUEUE 1

namespace cede {
namespace selectors {

class KqueueSelector : public BaseSelector {
public:
    // Throws std::system_error when the process has no fd left.
    KqueueSelector();
    ~KqueueSelector() override;

    // The kqueue fd.
    int fileno() const noexcept override;
    void forget(int fd) noexcept override;
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

#endif
