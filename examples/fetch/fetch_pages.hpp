// What it is: the job itself: many pages at once, each with its own time limit and its own way to fail.
#ifndef FETCH_FETCH_PAGES_HPP
#define FETCH_FETCH_PAGES_HPP

#include <vector>

#include "options.hpp"
#include "page.hpp"

namespace fetch {

// Fetches all pages, options.concurrency of them at a time, in their order. Cedes until the last is done. What goes wrong
// with a page becomes its `error`. Throws CancelledError; pages that were not done by then stay `running` or `waiting`.
void fetch_pages(std::vector<Page>& pages, const Options& options);

}  // namespace fetch

#endif
