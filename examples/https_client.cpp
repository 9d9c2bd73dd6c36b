// Fetches pages over HTTPS: https_client URL... prints them one behind the other, and on stderr who has proved to be the
// server. They are asked for all at once. Whom to trust is what the system says, or a file: SSL_CERT_FILE=ca.pem https_client URL
#include <iostream>
#include <string>
#include <vector>

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <cede/adapters/ssl.hpp>
#include <cede/cede.hpp>

using namespace std::chrono_literals;
using namespace cede;

namespace {

struct Url {
    std::string host, port;
    std::string authority;  // both, as the Host field has them
    std::string path;
};

Url parsed(absl::string_view url) {
    if (!absl::ConsumePrefix(&url, "https://")) throw std::invalid_argument("not an https:// URL");
    const std::vector<absl::string_view> parts = absl::StrSplit(url, absl::MaxSplits('/', 1));
    const absl::string_view authority = parts[0];
    absl::string_view host = authority, port;
    const bool literal = absl::ConsumePrefix(&host, "[");  // an IPv6 address: https://[::1]:8443/
    const std::size_t end = host.find(literal ? ']' : ':');
    if (literal && end == absl::string_view::npos) throw std::invalid_argument("'[' without ']' in the URL");
    if (end != absl::string_view::npos) port = host.substr(end + (literal ? 1 : 0));
    host = host.substr(0, end);
    if (!port.empty() && !absl::ConsumePrefix(&port, ":")) throw std::invalid_argument("no port behind ']' in the URL");
    return {std::string(host), port.empty() ? "443" : std::string(port), std::string(authority),
            absl::StrCat("/", parts.size() > 1 ? parts[1] : "")};
}

// Of the body, if the head tells it. Where it does not, the end of the stream has to do, which anybody on the way can bring
// about.
absl::optional<std::int64_t> length_in(absl::string_view head) {
    for (const absl::string_view line : absl::StrSplit(head, "\r\n")) {
        const std::vector<absl::string_view> field = absl::StrSplit(line, absl::MaxSplits(':', 1));
        std::int64_t length = 0;
        const bool here = field.size() == 2 && absl::EqualsIgnoreCase(field[0], "Content-Length");
        if (here && absl::SimpleAtoi(field[1], &length) && length >= 0) return length;
    }
    return absl::nullopt;
}

std::string fetch(const Url& url, const std::shared_ptr<ssl::Context>& context) {
    const auto options = ConnectOptions().ssl(context).ssl_handshake_timeout(10s).happy_eyeballs_delay(250ms);
    const auto streams = await(open_connection(url.host, url.port, options));
    const StreamReader& reader = streams.first;
    const StreamWriter& writer = streams.second;
    const auto certificate = absl::any_cast<ssl::Certificate>(writer.get_extra_info("peercert"));
    const auto cipher = absl::any_cast<ssl::Cipher>(writer.get_extra_info("cipher"));
    std::string names;
    for (const auto& name : certificate.subjectAltName) names += " " + name.second;
    std::cerr << url.host << ":" << names << ", by " << cipher.protocol << " with " << cipher.name << "\n";

    writer.write(absl::StrCat("GET ", url.path, " HTTP/1.0\r\nHost: ", url.authority, "\r\nConnection: close\r\n\r\n"));
    const std::string head = await(reader.readuntil("\r\n\r\n"));
    const absl::optional<std::int64_t> length = length_in(head);
    std::string body = length ? await(reader.readexactly(static_cast<std::ptrdiff_t>(*length))) : await(reader.read());
    writer.close();
    await(writer.wait_closed());
    const std::vector<std::string> status = absl::StrSplit(head, absl::MaxSplits(' ', 2));
    if (status.size() < 3 || status[1] != "200") throw std::runtime_error("the answer is " + head.substr(0, head.find('\r')));
    return body;
}

}  // namespace

int main(int count, char** arguments) {
    int failures = 0;
    cede::run([&] {
        const auto context = ssl::create_default_context();
        std::vector<Task<std::string>> pages;
        for (int i = 1; i < count; ++i) {
            const std::string url = arguments[i];
            pages.push_back(create_task([=] { return timeout(60s, [&] { return fetch(parsed(url), context); }); }));
        }
        for (int i = 1; i < count; ++i) try {
            std::cout << await(pages[static_cast<std::size_t>(i - 1)]);
        } catch (const SSLCertVerificationError& error) {
            std::cerr << arguments[i] << ": this is somebody else: " << error.verify_message() << "\n";
            ++failures;
        } catch (const std::exception& error) {
            std::cerr << arguments[i] << ": " << error.what() << "\n";
            ++failures;
        }
    });
    return failures != 0 ? 1 : 0;
}
