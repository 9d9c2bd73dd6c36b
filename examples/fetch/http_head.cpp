#include "http_head.hpp"

#include <algorithm>
#include <utility>

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

namespace fetch {
namespace {

bool is_digit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

// "HTTP/1.1 200 OK"; the words behind the number are for people, and may be missing.
int parse_status_line(absl::string_view line) {
    const bool well_formed = absl::StartsWith(line, "HTTP/1.") && line.size() >= 12 && is_digit(line[7]) &&
                             line[8] == ' ' && std::all_of(line.begin() + 9, line.begin() + 12, is_digit) &&
                             (line.size() == 12 || line[12] == ' ');
    if (!well_formed) throw HttpError("the server does not speak HTTP/1.1");
    const int status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
    if (status < 100) throw HttpError("the server does not speak HTTP/1.1");
    return status;
}

// A space before the colon is an error rather than a detail: proxies and servers that disagree about such a header's name
// can be made to disagree about where a response ends.
Header parse_header(absl::string_view line) {
    const std::size_t colon = line.find(':');
    const bool well_formed = colon != absl::string_view::npos && colon > 0 &&
                             std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(colon),
                                         [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); });
    if (!well_formed) throw HttpError("malformed response: a line of the head is not a header");
    return {std::string(line.substr(0, colon)), std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)))};
}

bool is_continuation(absl::string_view line) { return line.front() == ' ' || line.front() == '\t'; }

}  // namespace

absl::optional<std::string> ResponseHead::header(absl::string_view name) const {
    absl::optional<std::string> found;
    for (const Header& each : headers) {
        if (!absl::EqualsIgnoreCase(each.name, name)) continue;
        found = found ? absl::StrCat(*found, ", ", each.value) : each.value;
    }
    return found;
}

ResponseHead parse_response_head(absl::string_view text) {
    std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
    for (absl::string_view& line : lines) line = absl::StripSuffix(line, "\r");

    ResponseHead head;
    head.status = parse_status_line(lines.front());
    for (auto line = lines.begin() + 1; line != lines.end() && !line->empty(); ++line) {
        if (is_continuation(*line) && !head.headers.empty()) {
            absl::StrAppend(&head.headers.back().value, " ", absl::StripAsciiWhitespace(*line));
        } else {
            head.headers.push_back(parse_header(*line));
        }
    }
    return head;
}

}  // namespace fetch
