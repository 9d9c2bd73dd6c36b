#include "fetch_pages.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <cede/base/exceptions.hpp>
#include <cede/task/task_group.hpp>
#include <cede/task/timeout.hpp>

#include "http_client.hpp"
#include "reason.hpp"
#include "saved_file.hpp"
#include "text.hpp"
#include "url.hpp"

namespace fetch {
namespace {

// "DIR/17-logo.png": the number keeps pages of one name apart, the name helps people.
std::string file_name(const std::string& directory, std::size_t number, absl::string_view target) {
    const absl::string_view path = target.substr(0, target.find('?'));
    std::string name(path.substr(path.rfind('/') + 1).substr(0, 100));
    for (char& c : name) {
        if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '-') c = '_';
    }
    return absl::StrCat(directory, "/", number, name.empty() ? "" : "-", name);
}

void receive(Page& page, std::size_t number, const Options& options) {
    const Url url = parse_url(page.url);
    Response response = await(request(options.head ? Method::head : Method::get, url));
    page.status = response.status();

    std::unique_ptr<SavedFile> file;
    if (!options.output.empty()) file.reset(new SavedFile(file_name(options.output, number, url.target)));
    for (std::string piece = response.read(); !piece.empty(); piece = response.read()) {
        page.bytes += piece.size();
        if (file) file->write(std::move(piece));
    }
    if (file) {
        file->commit();
        page.saved_as = file->path();
    }
}

void fetch_page(Page& page, std::size_t number, const Options& options) {
    page.state = Page::State::running;
    page.began = std::chrono::steady_clock::now();
    try {
        cede::timeout(options.timeout, [&] { receive(page, number, options); });
    } catch (const cede::TimeoutError&) {
        page.error = absl::StrCat("timed out after ", decimal(options.timeout.seconds(), 3), " s");
    } catch (const std::exception& error) {
        // A cancellation is none of these: it goes on up, and ends the worker.
        page.error = plain_reason(error);
    }
    page.took = std::chrono::steady_clock::now() - page.began;
    page.state = Page::State::done;
}

}  // namespace

void fetch_pages(std::vector<Page>& pages, const Options& options) {
    // Workers rather than a task for each page: a list of a million URLs then needs no million stacks. They share `next`
    // without a lock, because nothing but an await interrupts a task.
    std::size_t next = 0;
    const auto work = [&] {
        while (next < pages.size()) {
            const std::size_t mine = next++;
            fetch_page(pages[mine], mine + 1, options);
        }
    };
    cede::task_group([&](cede::TaskGroup& group) {
        for (std::size_t i = 0; i < std::min(options.concurrency, pages.size()); ++i) group.create_task(work);
    });
}

}  // namespace fetch
