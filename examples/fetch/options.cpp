#include "options.hpp"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iostream>

#include <sys/stat.h>

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

namespace fetch {
namespace {

constexpr std::size_t most_at_once = 10000;

// A URL a line; empty lines and those that begin with '#' are skipped.
void read_urls(std::istream& in, const std::string& name, std::vector<std::string>& urls) {
    const std::size_t before = urls.size();
    for (std::string line; std::getline(in, line);) {
        const absl::string_view url = absl::StripAsciiWhitespace(line);
        if (!url.empty() && url.front() != '#') urls.emplace_back(url);
    }
    if (in.bad()) throw UsageError(absl::StrCat("cannot read ", name));
    if (urls.size() == before) throw UsageError(absl::StrCat("there is no URL in ", name));
}

void read_list(const std::string& name, std::vector<std::string>& urls) {
    if (name == "-") return read_urls(std::cin, "the standard input", urls);
    std::ifstream file(name);
    if (!file) throw UsageError(absl::StrCat("cannot open ", name, ": ", std::strerror(errno)));
    read_urls(file, name, urls);
}

std::size_t parse_concurrency(const std::string& text) {
    std::size_t number = 0;
    if (!absl::SimpleAtoi(text, &number) || number < 1 || number > most_at_once) {
        throw UsageError(absl::StrCat("--concurrency takes a number from 1 to ", most_at_once, ", not '", text, "'"));
    }
    return number;
}

cede::Duration parse_timeout(const std::string& text) {
    double seconds = 0;
    if (!absl::SimpleAtod(text, &seconds) || !std::isfinite(seconds) || seconds <= 0) {
        throw UsageError(absl::StrCat("--timeout takes a number of seconds such as 2.5, not '", text, "'"));
    }
    return std::chrono::duration<double>(seconds);
}

std::string make_directory(const std::string& name) {
    struct stat status;
    if (mkdir(name.c_str(), 0777) == 0) return name;
    const int error = errno;
    if (stat(name.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return name;
    throw UsageError(absl::StrCat("cannot make the directory '", name, "': ", std::strerror(error)));
}

// The arguments one by one; an option's value is the next one, or follows a '=' in the same.
class Arguments {
public:
    Arguments(int argc, char** argv) : rest_(argv + 1, argv + argc) {}

    bool next() {
        if (at_ == rest_.size()) return false;
        name_ = rest_[at_++];
        const std::size_t equals = name_.find('=');
        has_value_ = name_.compare(0, 2, "--") == 0 && equals != std::string::npos;
        if (has_value_) {
            value_ = name_.substr(equals + 1);
            name_.erase(equals);
        }
        return true;
    }
    // True when the present argument is this option, which takes no value.
    bool flag(const char* option) {
        if (name_ != option) return false;
        if (has_value_) throw UsageError(absl::StrCat(option, " takes no value"));
        return true;
    }
    // True when it is this option; value() is then its value.
    bool option(const char* option) {
        if (name_ != option) return false;
        if (!has_value_ && at_ == rest_.size()) throw UsageError(absl::StrCat(option, " needs a value"));
        if (!has_value_) value_ = rest_[at_++];
        if (value_.empty()) throw UsageError(absl::StrCat(option, " needs a value"));
        return true;
    }
    const std::string& name() const { return name_; }
    const std::string& value() const { return value_; }

private:
    std::vector<std::string> rest_;
    std::size_t at_ = 0;
    std::string name_;
    std::string value_;
    bool has_value_ = false;
};

}  // namespace

const char* const usage =
    "usage: fetch [OPTION]... [URL]...\n"
    "Fetches pages over HTTP/1.1, all at once; without a URL a few hundred from a server of its own.\n"
    "\n"
    "  --file LIST       fetches the URLs in LIST, one a line, too; '-' is the standard input\n"
    "  --concurrency N   N pages at a time; 100 by default\n"
    "  --timeout S       gives each page S seconds; 30 by default\n"
    "  --output DIR      saves the bodies in DIR\n"
    "  --head            asks for the heads of the pages only\n"
    "  --json            prints JSON\n"
    "  --help            prints this\n"
    "\n"
    "Exit status: 0 when every page was fetched, whatever its HTTP status; 1 when one was not; 2 for a wrong command\n"
    "line; 130 after Ctrl-C.\n";

Options parse_options(int argc, char** argv) {
    Options options;
    Arguments arguments(argc, argv);
    bool only_urls = false;
    while (arguments.next()) {
        if (only_urls || arguments.name().compare(0, 1, "-") != 0) {
            options.urls.push_back(arguments.name());
        } else if (arguments.flag("--")) {
            only_urls = true;
        } else if (arguments.option("--file")) {
            read_list(arguments.value(), options.urls);
        } else if (arguments.option("--concurrency")) {
            options.concurrency = parse_concurrency(arguments.value());
        } else if (arguments.option("--timeout")) {
            options.timeout = parse_timeout(arguments.value());
        } else if (arguments.option("--output")) {
            options.output = make_directory(arguments.value());
        } else if (arguments.flag("--head")) {
            options.head = true;
        } else if (arguments.flag("--json")) {
            options.json = true;
        } else if (arguments.flag("--help") || arguments.flag("-h")) {
            options.help = true;
        } else {
            throw UsageError(absl::StrCat("there is no option ", arguments.name()));
        }
    }
    return options;
}

}  // namespace fetch
