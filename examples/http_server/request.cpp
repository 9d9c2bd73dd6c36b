#include "request.hpp"

#include <algorithm>
#include <regex>
#include <vector>

#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

using absl::string_view;

namespace {
const Refusal bad_request("400 Bad Request");
const char* const date_format = "%a, %d %b %Y %H:%M:%S GMT";

std::string decoded(string_view target) {
    std::string path;
    for (target = target.substr(0, target.find('?')); !target.empty(); target.remove_prefix(1)) {
        std::uint32_t code = static_cast<unsigned char>(target[0]);
        if (code == '%') {
            if (target.size() < 3 || !absl::SimpleHexAtoi(target.substr(1, 2), &code)) throw bad_request;
            target.remove_prefix(2);
        }
        path += static_cast<char>(code);
    }
    if (path.find('\0') != path.npos || absl::StrContains(path + "/", "/../")) throw bad_request;
    return path;
}

// Several of one name are joined: a second Content-Length is not overlooked.
std::map<std::string, std::string> fields_of(const std::vector<string_view>& lines) {
    std::map<std::string, std::string> fields;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        const std::pair<string_view, string_view> field = absl::StrSplit(lines[i], absl::MaxSplits(':', 1));
        const std::string name = absl::AsciiStrToLower(field.first);
        if (name.size() == lines[i].size() || name.find_first_of(" \t") != name.npos) throw bad_request;
        std::string& value = fields[name];
        absl::StrAppend(&value, value.empty() ? "" : ",", absl::StripAsciiWhitespace(field.second));
    }
    return fields;
}
}  // namespace

const std::string& Request::field(const std::string& name) const {
    static const std::string none;
    const auto found = fields.find(name);
    return found != fields.end() ? found->second : none;
}

Request parsed(string_view head) {
    while (absl::ConsumePrefix(&head, "\r\n")) continue;  // some send one too many
    const std::vector<string_view> lines = absl::StrSplit(absl::StripSuffix(head, "\r\n\r\n"), "\r\n");
    const std::vector<string_view> words = absl::StrSplit(lines[0], ' ');
    if (words.size() != 3 || !absl::StartsWith(words[1], "/")) throw bad_request;
    const bool old = words[2] == "HTTP/1.0";
    if (!old && words[2] != "HTTP/1.1") throw Refusal("505 HTTP Version Not Supported");
    if (words[0] != "GET" && words[0] != "HEAD") throw Refusal("405 Method Not Allowed\r\nAllow: GET, HEAD");
    Request request{words[0] == "HEAD", !old, decoded(words[1]), fields_of(lines)};
    if (!old && request.fields.count("host") == 0) throw bad_request;
    const std::string& length = request.field("content-length");
    const bool has_length = request.fields.count("content-length") != 0;
    if (request.fields.count("transfer-encoding") != 0 || (has_length && length != "0")) throw Refusal("413 Content Too Large");
    const std::string connection = absl::AsciiStrToLower(request.field("connection"));
    request.keep_alive = absl::StrContains(connection, old ? "keep-alive" : "close") == old;
    return request;
}

Part part_of(const std::string& range, std::int64_t size) {
    const Part whole{0, size, "200 OK"}, none{0, 0, "416 Range Not Satisfiable"};
    static const std::regex form("bytes=([0-9]{0,18})-([0-9]{0,18})", std::regex::icase);
    std::smatch match;
    if (!std::regex_match(range, match, form)) return whole;
    const bool has_first = match.length(1) > 0, has_last = match.length(2) > 0;
    if (!has_first && !has_last) return whole;
    std::int64_t first = has_first ? std::stoll(match[1]) : 0, last = has_last ? std::stoll(match[2]) : size - 1;
    if (has_first && has_last && last < first) return whole;  // which is no range
    if (!has_first) {  // the last so many
        first = size - std::min(last, size);
        last = size - 1;
    }
    return first < size ? Part{first, std::min(last, size - 1) + 1, "206 Partial Content"} : none;
}

std::string date_of(absl::Time time) { return absl::FormatTime(date_format, time, absl::UTCTimeZone()); }

bool is_known(const Request& request, absl::Time changed) {
    absl::Time known;
    return absl::ParseTime(date_format, request.field("if-modified-since"), &known, nullptr) && changed <= known;
}
