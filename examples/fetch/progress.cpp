#include "progress.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include <sys/ioctl.h>
#include <unistd.h>

#include <absl/strings/str_cat.h>
#include <cede/task/sleep.hpp>

#include "text.hpp"

namespace fetch {
namespace {

using namespace std::chrono_literals;

constexpr auto interval = 100ms;
constexpr char erase_line[] = "\r\x1b[K";

std::size_t terminal_width() {
    winsize size = {};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

void Progress::enter() {
    if (!isatty(STDERR_FILENO)) return;
    task_ = cede::create_task([this] {
        while (true) {
            draw();
            await(cede::sleep(interval));
        }
    });
}

bool Progress::exit(const std::exception_ptr&) {
    if (task_) {
        task_.cancel();
        std::fputs(erase_line, stderr);
    }
    return false;
}

void Progress::draw() {
    std::string text = line();
    // A line that reaches the last column would be wrapped, and then not be erased.
    text.resize(std::min(text.size(), terminal_width() - 1));
    std::fputs((erase_line + text).c_str(), stderr);
}

std::string Progress::line() {
    while (oldest_ < pages_.size() && pages_[oldest_].state == Page::State::done) {
        settled_bytes_ += pages_[oldest_++].bytes;
    }
    std::size_t done = oldest_;
    std::uint64_t bytes = settled_bytes_;
    for (std::size_t i = oldest_; i < pages_.size() && pages_[i].state != Page::State::waiting; ++i) {
        if (pages_[i].state == Page::State::done) ++done;
        bytes += pages_[i].bytes;
    }
    std::string text = absl::StrCat(done, "/", pages_.size(), " pages, ", human_bytes(bytes));
    if (oldest_ < pages_.size() && pages_[oldest_].state == Page::State::running) {
        const cede::Duration pending = std::chrono::steady_clock::now() - pages_[oldest_].began;
        absl::StrAppend(&text, ", slowest: ", decimal(pending.seconds(), 1, true), " s ",
                        printable(pages_[oldest_].url));
    }
    return text;
}

}  // namespace fetch
