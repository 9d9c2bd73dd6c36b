// What it is: a line on the terminal that says how far the fetching is. When to use it: around fetch_pages(), as a manager:
// `with(Progress(pages), [&] { ... })`. It is a task beside the others, so the work itself knows nothing of it.
#ifndef FETCH_PROGRESS_HPP
#define FETCH_PROGRESS_HPP

#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include <cede/task/task.hpp>

#include "page.hpp"

namespace fetch {

class Progress {
public:
    // Keeps a reference to the pages. Writes to the standard error if that is a terminal, and not at all otherwise.
    explicit Progress(const std::vector<Page>& pages) : pages_(pages) {}

    // For `with`. Neither cedes. exit() erases the line.
    void enter();
    bool exit(const std::exception_ptr&);

private:
    void draw();
    std::string line();

    const std::vector<Page>& pages_;
    cede::Task<void> task_;
    // Pages are begun in their order. So all before `oldest_` are done, with `settled_bytes_` among them; it is the first
    // that is not, and thereby the slowest.
    std::size_t oldest_ = 0;
    std::uint64_t settled_bytes_ = 0;
};

}  // namespace fetch

#endif
