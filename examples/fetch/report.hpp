// What it is: what the program prints in the end: a table for people, or the same as JSON for programs.
#ifndef FETCH_REPORT_HPP
#define FETCH_REPORT_HPP

#include <ostream>
#include <vector>

#include <cede/base/duration.hpp>

#include "page.hpp"

namespace fetch {

// Pages that are not done are counted, but have no row. `took` is the time that all of it took together.
void print_table(std::ostream& out, const std::vector<Page>& pages, cede::Duration took);
void print_json(std::ostream& out, const std::vector<Page>& pages, cede::Duration took);

bool any_failed(const std::vector<Page>& pages);

}  // namespace fetch

#endif
