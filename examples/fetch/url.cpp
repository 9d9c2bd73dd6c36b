#include "url.hpp"

#include <algorithm>

#include <sys/socket.h>

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <cede/net/socket_address.hpp>

namespace fetch {
namespace {

[[noreturn]] void malformed(absl::string_view why) { throw UrlError(absl::StrCat("malformed URL: ", why)); }

// Returns what follows "http://".
absl::string_view after_scheme(absl::string_view text) {
    const std::size_t end = text.find("://");
    if (end == absl::string_view::npos) malformed("it has no scheme; write http://HOST/PATH");
    const absl::string_view scheme = text.substr(0, end);
    if (absl::EqualsIgnoreCase(scheme, "https")) throw UrlError("https is not supported: there is no TLS yet");
    if (!absl::EqualsIgnoreCase(scheme, "http")) throw UrlError("the scheme is not supported: only http:// is");
    return text.substr(end + 3);
}

int parse_port(absl::string_view text) {
    if (text.empty()) return 80;  // "http://host:/" is legal
    int port = 0;
    for (const char c : text) {
        if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) malformed("the port is not a number");
        port = port * 10 + (c - '0');
        if (port > 65535) break;
    }
    if (port < 1 || port > 65535) malformed("the port is not within 1 to 65535");
    return port;
}

void check_name(absl::string_view host) {
    if (host.empty()) malformed("it has no host");
    for (const char c : host) {
        if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_') continue;
        if (c == ':') malformed("an IPv6 address stands in brackets: http://[::1]/");
        if (!absl::ascii_isascii(static_cast<unsigned char>(c))) malformed("a non-ASCII host is written as xn--...");
        malformed("the host has a character that no host name has");
    }
}

// Host and port: "example.org:8080", "[::1]:80".
void parse_authority(absl::string_view text, Url& url) {
    if (absl::StrContains(text, '@')) throw UrlError("a user name in the URL is not supported");
    absl::string_view port;
    if (absl::StartsWith(text, "[")) {
        const std::size_t end = text.find(']');
        if (end == absl::string_view::npos) malformed("the bracket of the IPv6 address is not closed");
        const absl::string_view literal = text.substr(1, end - 1);
        // A zone such as %eth0 has a meaning on this machine only, and the Host header has no room for it.
        if (absl::StrContains(literal, '%') || !cede::SocketAddress::parse(literal, 0, AF_INET6)) {
            malformed("what stands in brackets is not an IPv6 address");
        }
        url.host = std::string(literal);
        port = text.substr(end + 1);
        if (!port.empty() && port.front() != ':') malformed("only a port may follow the IPv6 address");
    } else {
        const std::size_t colon = text.rfind(':');
        url.host = std::string(text.substr(0, colon));
        check_name(url.host);
        if (colon != absl::string_view::npos) port = text.substr(colon);
    }
    url.port = parse_port(port.empty() ? port : port.substr(1));
}

// A line break here would let a URL write headers of its own into the request.
std::string parse_target(absl::string_view text) {
    text = text.substr(0, text.find('#'));  // the fragment is the reader's affair, not the server's
    std::string target = absl::StartsWith(text, "/") ? "" : "/";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= ' ' || byte == 0x7F) malformed("it has a space or control character; percent-encode it");
        if (absl::ascii_isascii(byte)) {
            target += c;
        } else {
            absl::StrAppend(&target, "%", absl::AsciiStrToUpper(absl::StrCat(absl::Hex(byte, absl::kZeroPad2))));
        }
    }
    return target;
}

}  // namespace

Url parse_url(absl::string_view text) {
    const absl::string_view rest = after_scheme(text);
    const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
    Url url;
    parse_authority(rest.substr(0, end), url);
    url.target = parse_target(rest.substr(end));
    url.authority = absl::StrContains(url.host, ':') ? absl::StrCat("[", url.host, "]") : url.host;
    if (url.port != 80) absl::StrAppend(&url.authority, ":", url.port);
    return url;
}

}  // namespace fetch
