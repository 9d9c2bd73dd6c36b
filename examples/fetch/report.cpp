#include "report.hpp"

#include <algorithm>
#include <cstdint>
#include <iomanip>
#include <string>

#include <absl/strings/str_cat.h>

#include "text.hpp"

namespace fetch {
namespace {

// Beyond this, a long URL pushes its own row's numbers to the right rather than everybody's.
constexpr int widest_url = 60;

int url_width(const std::vector<Page>& pages) {
    std::size_t width = 0;
    for (const Page& page : pages) width = std::max(width, page.url.size());
    return static_cast<int>(std::min<std::size_t>(width, widest_url));
}

struct Totals {
    std::size_t fetched = 0;
    std::size_t failed = 0;
    std::size_t unfinished = 0;
    std::uint64_t bytes = 0;
    double waited = 0;  // seconds
};

Totals count(const std::vector<Page>& pages) {
    Totals totals;
    for (const Page& page : pages) {
        if (page.state != Page::State::done) {
            ++totals.unfinished;
            continue;
        }
        ++(page.failed() ? totals.failed : totals.fetched);
        totals.bytes += page.bytes;
        totals.waited += page.took.seconds();
    }
    return totals;
}

std::string milliseconds(const Page& page) { return decimal(page.took.seconds() * 1e3, 1, true); }

void print_row(std::ostream& out, int width, const std::string& url, const std::string& status,
               const std::string& bytes, const std::string& ms) {
    out << std::left << std::setw(width) << url << std::right << std::setw(8) << status << std::setw(11) << bytes
        << std::setw(10) << ms;
}

}  // namespace

bool any_failed(const std::vector<Page>& pages) {
    return std::any_of(pages.begin(), pages.end(), [](const Page& page) { return page.failed(); });
}

void print_table(std::ostream& out, const std::vector<Page>& pages, cede::Duration took) {
    const int width = url_width(pages);
    print_row(out, width, "URL", "status", "bytes", "ms");
    out << "\n";
    for (const Page& page : pages) {
        if (page.state != Page::State::done) continue;
        print_row(out, width, printable(page.url), page.status ? absl::StrCat(*page.status) : "-",
                  absl::StrCat(page.bytes), milliseconds(page));
        if (page.failed()) out << "  " << printable(page.error);
        out << "\n";
    }

    const Totals totals = count(pages);
    const std::size_t rows = totals.fetched + totals.failed;
    out << "\n" << rows << (rows == 1 ? " page, " : " pages, ") << totals.failed << " failed, ";
    if (totals.unfinished > 0) out << totals.unfinished << " interrupted, ";
    out << human_bytes(totals.bytes) << "\n";
    out << "waited " << decimal(totals.waited, 1, true) << " s in all, done in " << decimal(took.seconds(), 1, true)
        << " s\n";
}

void print_json(std::ostream& out, const std::vector<Page>& pages, cede::Duration took) {
    out << "{\"pages\": [";
    const char* separator = "\n";
    for (const Page& page : pages) {
        if (page.state != Page::State::done) continue;
        out << separator << "  {\"url\": " << json_string(page.url)
            << ", \"status\": " << (page.status ? absl::StrCat(*page.status) : "null") << ", \"bytes\": " << page.bytes
            << ", \"ms\": " << milliseconds(page)
            << ", \"error\": " << (page.failed() ? json_string(page.error) : "null")
            << ", \"file\": " << (page.saved_as.empty() ? "null" : json_string(page.saved_as)) << "}";
        separator = ",\n";
    }
    const Totals totals = count(pages);
    out << "\n], \"fetched\": " << totals.fetched << ", \"failed\": " << totals.failed
        << ", \"interrupted\": " << totals.unfinished << ", \"bytes\": " << totals.bytes
        << ", \"waited_s\": " << decimal(totals.waited, 3, true) << ", \"done_s\": " << decimal(took.seconds(), 3, true)
        << "}\n";
}

}  // namespace fetch
