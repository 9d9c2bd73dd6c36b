// What a client asks for, as far as a server of static files must know it.
#ifndef CEDE_EXAMPLES_HTTP_SERVER_REQUEST_HPP
#define CEDE_EXAMPLES_HTTP_SERVER_REQUEST_HPP

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>

#include <absl/strings/string_view.h>
#include <absl/time/time.h>

// Answered with this status, and the end of the connection, for what follows need not be a request.
struct Refusal : std::runtime_error { using std::runtime_error::runtime_error; };

struct Request {
    bool head_only, keep_alive;
    std::string path;                           // decoded; never leads out of its folder
    std::map<std::string, std::string> fields;  // names in small letters, values of one name joined by commas

    // Empty when it is not there.
    const std::string& field(const std::string& name) const;
};

// Throws Refusal.
Request parsed(absl::string_view head);

// The part [begin, end) of a file, and how it is answered.
struct Part {
    std::int64_t begin, end;
    absl::string_view status;
};

// What is asked for of a file of that size; all of it for no range, several, or none that can be read.
Part part_of(const std::string& range, std::int64_t size);

// As HTTP writes a time.
std::string date_of(absl::Time time);
// Whether the client has it as it was at that time.
bool is_known(const Request& request, absl::Time changed);

#endif
