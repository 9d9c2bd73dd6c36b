// What it is: `DefaultSelector`, the best backend of the platform: epoll, else kqueue, else poll.
// When to use it: whenever you need a selector and have no reason to name one.
// When not: when a test must cover a certain backend; name that one.
#ifndef CEDE_SELECTORS_DEFAULT_SELECTOR_HPP
#define CEDE_SELECTORS_DEFAULT_SELECTOR_HPP

#if defined(__linux__)
#include "cede/selectors/epoll_selector.hpp"
#elif defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) || \
    defined(__DragonFly__)
#include "cede/selectors/kqueue_selector.hpp"
#else
#include "cede/selectors/poll_selector.hpp"
#endif

namespace cede {
namespace selectors {

#if defined(__linux__)
using DefaultSelector = EpollSelector;
#elif defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) || \
    defined(__DragonFly__)
using DefaultSelector = KqueueSelector;
#else
using DefaultSelector = PollSelector;
#endif

}  // namespace selectors
}  // namespace cede

#endif
