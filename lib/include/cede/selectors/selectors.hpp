// What it is: everything of the selectors room in one include.
// When to use it: in programs. When not: in headers; include the one class you name.
#ifndef CEDE_SELECTORS_SELECTORS_HPP
#define CEDE_SELECTORS_SELECTORS_HPP

#include "cede/selectors/base_selector.hpp"
#include "cede/selectors/default_selector.hpp"
#include "cede/selectors/epoll_selector.hpp"
#include "cede/selectors/kqueue_selector.hpp"
#include "cede/selectors/poll_selector.hpp"
#include "cede/selectors/select_selector.hpp"
#include "cede/selectors/selector_key.hpp"
#include "cede/selectors/selector_map.hpp"

#endif
