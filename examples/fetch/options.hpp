// What it is: the command line.
#ifndef FETCH_OPTIONS_HPP
#define FETCH_OPTIONS_HPP

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include <cede/base/duration.hpp>

namespace fetch {

// The command line is wrong; what() says what to do instead.
class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct Options {
    std::vector<std::string> urls;  // none: those of the embedded server
    std::size_t concurrency = 100;
    cede::Duration timeout = std::chrono::seconds(30);  // for each page
    std::string output;                                 // a directory for the bodies; empty: they are dropped
    bool head = false;
    bool json = false;
    bool help = false;
};

extern const char* const usage;

// Reads the lists that are named, too, and makes the directory for the bodies. Throws UsageError.
Options parse_options(int argc, char** argv);

}  // namespace fetch

#endif
