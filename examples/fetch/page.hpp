// What it is: one row of the table: a URL and what became of it. Filled by fetch_pages(), read by the progress line and the
// report.
#ifndef FETCH_PAGE_HPP
#define FETCH_PAGE_HPP

#include <cstdint>
#include <string>
#include <utility>

#include <absl/types/optional.h>
#include <cede/base/duration.hpp>

namespace fetch {

struct Page {
    enum class State { waiting, running, done };

    explicit Page(std::string its_url) : url(std::move(its_url)) {}
    bool failed() const { return !error.empty(); }

    std::string url;
    State state = State::waiting;
    absl::optional<int> status;  // empty until the head of a response has arrived
    std::uint64_t bytes = 0;     // of the body, so far
    std::string error;           // a plain reason; empty while all is well
    std::string saved_as;        // the file that holds the body; empty without
    cede::TimePoint began;
    cede::Duration took;  // once it is done
};

}  // namespace fetch

#endif
