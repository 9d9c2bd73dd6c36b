#include "http_body.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <cede/task/await.hpp>

namespace fetch {
namespace {

constexpr std::uint64_t piece_size = 64 * 1024;
constexpr std::size_t trailer_limit = 64 * 1024;

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// `digit` is below `base`. Throws HttpError rather than counting wrongly.
std::uint64_t append_digit(std::uint64_t number, std::uint64_t base, int digit) {
    if (number > (std::numeric_limits<std::uint64_t>::max() - base) / base) {
        throw HttpError("malformed response: a length beyond all measure");
    }
    return number * base + static_cast<std::uint64_t>(digit);
}

std::uint64_t parse_length(absl::string_view text) {
    if (text.empty()) throw HttpError("malformed response: an empty Content-Length");
    std::uint64_t length = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') throw HttpError("malformed response: Content-Length is not a number");
        length = append_digit(length, 10, c - '0');
    }
    return length;
}

// Several that agree are one; several that do not would make a matter of taste of where the body ends.
std::uint64_t parse_content_length(absl::string_view value) {
    const std::vector<absl::string_view> all = absl::StrSplit(value, ',');
    const std::uint64_t length = parse_length(absl::StripAsciiWhitespace(all.front()));
    for (const absl::string_view each : all) {
        if (parse_length(absl::StripAsciiWhitespace(each)) != length) {
            throw HttpError("malformed response: two different Content-Lengths");
        }
    }
    return length;
}

bool never_has_body(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

BodyReader::BodyReader(cede::StreamReader reader, const ResponseHead& head, bool head_only)
    : reader_(std::move(reader)) {
    if (head_only || never_has_body(head.status)) return;
    if (const absl::optional<std::string> coding = head.header("Transfer-Encoding")) {
        // It overrules Content-Length.
        if (!absl::EqualsIgnoreCase(*coding, "chunked")) throw HttpError("the body has an unknown transfer coding");
        framing_ = Framing::chunked;
    } else if (const absl::optional<std::string> length = head.header("Content-Length")) {
        framing_ = Framing::length;
        left_ = parse_content_length(*length);
    } else {
        framing_ = Framing::until_close;
    }
}

std::string BodyReader::read() {
    std::string piece;
    switch (framing_) {
        case Framing::ended: break;
        case Framing::length: piece = left_ > 0 ? read_counted() : std::string(); break;
        case Framing::chunked: piece = read_chunked(); break;
        case Framing::until_close: piece = await(reader_.read(piece_size)); break;
    }
    if (piece.empty()) framing_ = Framing::ended;
    return piece;
}

// At least one of the bytes that are left.
std::string BodyReader::read_counted() {
    std::string piece = await(reader_.read(static_cast<std::ptrdiff_t>(std::min(left_, piece_size))));
    if (piece.empty()) throw_truncated();
    left_ -= piece.size();
    received_ += piece.size();
    return piece;
}

std::string BodyReader::read_chunked() {
    if (left_ == 0) {
        if (after_chunk_ && !read_line().empty()) throw HttpError("malformed response: a chunk is longer than it says");
        left_ = read_chunk_size();
        if (left_ == 0) {
            skip_trailers();
            return std::string();
        }
        after_chunk_ = true;
    }
    return read_counted();
}

// "1a2b", perhaps with extensions behind a semicolon, which nobody uses.
std::uint64_t BodyReader::read_chunk_size() {
    const std::string line = read_line();
    const absl::string_view text = line;
    const absl::string_view number = absl::StripTrailingAsciiWhitespace(text.substr(0, text.find(';')));
    if (number.empty()) throw HttpError("malformed response: a chunk without its size");
    std::uint64_t size = 0;
    for (const char c : number) {
        const int digit = hex_digit(c);
        if (digit < 0) throw HttpError("malformed response: a chunk's size is not a number");
        size = append_digit(size, 16, digit);
    }
    return size;
}

void BodyReader::skip_trailers() {
    std::size_t size = 0;
    for (std::string line = read_line(); !line.empty(); line = read_line()) {
        size += line.size();
        if (size > trailer_limit) throw HttpError("malformed response: no end of trailers");
    }
}

// Without its end.
std::string BodyReader::read_line() {
    std::string line;
    try {
        line = await(reader_.readuntil("\n"));
    } catch (const cede::IncompleteReadError&) {
        throw_truncated();
    } catch (const cede::LimitOverrunError&) {
        throw HttpError("malformed response: a line between chunks has no end");
    }
    line.pop_back();
    if (absl::EndsWith(line, "\r")) line.pop_back();
    return line;
}

void BodyReader::throw_truncated() const {
    const std::string expected = framing_ == Framing::length
                                     ? absl::StrCat("after ", received_, " of ", received_ + left_, " bytes")
                                     : absl::StrCat("before the last chunk, after ", received_, " bytes");
    throw HttpError(absl::StrCat("truncated body: the connection ended ", expected));
}

}  // namespace fetch
