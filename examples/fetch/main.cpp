// Fetches many pages at once, in one thread: the program to read first. See README.md.
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include <cede/base/exceptions.hpp>
#include <cede/task/run.hpp>
#include <cede/task/with.hpp>

#include "demo_server.hpp"
#include "fetch_pages.hpp"
#include "options.hpp"
#include "page.hpp"
#include "progress.hpp"
#include "report.hpp"

namespace {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;
constexpr int exit_interrupted = 130;  // what a shell makes of a program that SIGINT has ended

// Fills `pages`, which live in main() so that there is something to print after Ctrl-C.
void fetch_all(const fetch::Options& options, std::vector<fetch::Page>& pages) {
    std::vector<std::string> urls = options.urls;
    if (urls.empty()) {
        urls = fetch::demo_urls(await(fetch::start_demo_server()));
        std::cerr << "No URL is given: fetching " << urls.size() << " pages from a server of my own.\n";
    }
    pages = std::vector<fetch::Page>(urls.begin(), urls.end());
    cede::with(fetch::Progress(pages), [&] { fetch::fetch_pages(pages, options); });
}

int run(const fetch::Options& options) {
    std::vector<fetch::Page> pages;
    bool interrupted = false;
    const auto began = std::chrono::steady_clock::now();
    try {
        cede::run([&] { fetch_all(options, pages); });
    } catch (const cede::KeyboardInterrupt&) {
        // Ctrl-C has cancelled the task above, and that one its workers.
        interrupted = true;
    }
    const cede::Duration took = std::chrono::steady_clock::now() - began;
    options.json ? fetch::print_json(std::cout, pages, took) : fetch::print_table(std::cout, pages, took);
    std::cout.flush();
    if (interrupted) return exit_interrupted;
    return any_failed(pages) || !std::cout ? exit_failed : 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const fetch::Options options = fetch::parse_options(argc, argv);
        if (!options.help) return run(options);
        std::cout << fetch::usage;
        return 0;
    } catch (const fetch::UsageError& error) {
        std::cerr << "fetch: " << error.what() << "; see fetch --help\n";
        return exit_usage;
    }
}
