// A server of static files over HTTP/1.1: keep-alive, pipelining, HEAD, large files by sendfile. What a client can make it
// spend is bounded: a head has 8 KiB and ten seconds, a client that stops reading half a minute.
//
// http_server FOLDER PORT, then curl http://127.0.0.1:PORT/ or wrk -c64 http://127.0.0.1:PORT/. Files are opened and read in the
// loop's thread: from a slow disk, let to_thread() do that.
#include <csignal>
#include <iostream>
#include <map>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <absl/cleanup/cleanup.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/time/clock.h>
#include <cede/cede.hpp>

using namespace std::chrono_literals;
using absl::string_view;
using namespace cede;

namespace {
constexpr std::int64_t piece = 128 * 1024;  // of a file; one no longer than this is sent together with its head

// Answered with this status, and the end of the connection, for what follows need not be a request.
struct Refusal : std::runtime_error { using std::runtime_error::runtime_error; };
const Refusal bad_request("400 Bad Request");

struct Request { bool head_only, keep_alive; std::string path; };

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

Request parsed(string_view head) {
    while (absl::ConsumePrefix(&head, "\r\n")) continue;  // some send one too many
    const std::vector<string_view> lines = absl::StrSplit(absl::StripSuffix(head, "\r\n\r\n"), "\r\n");
    const std::vector<string_view> words = absl::StrSplit(lines[0], ' ');
    if (words.size() != 3 || !absl::StartsWith(words[1], "/")) throw bad_request;
    const bool old = words[2] == "HTTP/1.0";
    if (!old && words[2] != "HTTP/1.1") throw Refusal("505 HTTP Version Not Supported");
    if (words[0] != "GET" && words[0] != "HEAD") throw Refusal("405 Method Not Allowed\r\nAllow: GET, HEAD");
    Request request{words[0] == "HEAD", !old, decoded(words[1])};
    bool has_host = old;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        const std::pair<string_view, string_view> field = absl::StrSplit(lines[i], absl::MaxSplits(':', 1));
        const std::string name = absl::AsciiStrToLower(field.first), value = absl::AsciiStrToLower(field.second);
        if (name.size() == lines[i].size() || name.find_first_of(" \t") != name.npos) throw bad_request;
        if (name == "host") has_host = true;
        if (name == "connection") request.keep_alive = absl::StrContains(value, old ? "keep-alive" : "close") == old;
        const bool body = name == "transfer-encoding" || (name == "content-length" && absl::StripAsciiWhitespace(value) != "0");
        if (body) throw Refusal("413 Content Too Large");
    }
    if (!has_host) throw bad_request;
    return request;
}

std::string head(string_view status, std::int64_t length, string_view fields) {
    const std::string date = absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", absl::Now(), absl::UTCTimeZone());
    return absl::StrCat("HTTP/1.1 ", status, "\r\nDate: ", date, "\r\nContent-Length: ", length, "\r\n", fields, "\r\n");
}

string_view type_of(const std::string& path) {
    static const std::map<std::string, string_view> types = {
        {"html", "text/html; charset=utf-8"}, {"txt", "text/plain; charset=utf-8"}, {"css", "text/css"}, {"png", "image/png"},
        {"js", "text/javascript"}, {"json", "application/json"}, {"svg", "image/svg+xml"}, {"jpg", "image/jpeg"}};
    const auto found = types.find(path.substr(path.rfind('.') + 1));
    return found != types.end() ? found->second : "application/octet-stream";
}

void answer(const Request& request, const StreamWriter& writer, const std::string& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const auto closes = absl::MakeCleanup([=] { if (file >= 0) close(file); });
    struct stat is;
    const bool exists = file >= 0 && fstat(file, &is) == 0;
    if (exists && S_ISDIR(is.st_mode)) return answer(request, writer, path + "/index.html");
    const bool found = exists && S_ISREG(is.st_mode);
    const std::int64_t size = found ? is.st_size : 10;
    std::string text = head(found ? "200 OK" : "404 Not Found", size, absl::StrCat(
        "Content-Type: ", found ? type_of(path) : "text/plain", request.keep_alive ? "\r\n" : "\r\nConnection: close\r\n"));
    if (request.head_only) return writer.write(text);
    if (!found) return writer.write(text + "Not here.\n");
    if (size <= piece) {
        std::string body(static_cast<std::size_t>(size), '\0');
        if (read(file, &body[0], body.size()) != size) throw std::runtime_error("the file has changed");
        return writer.writelines({text, body});
    }
    writer.write(text);
    for (std::int64_t at = 0; at < size; at += piece) {
        const auto part = SendfileOptions().offset(at).count(std::min(piece, size - at));
        const auto send = [&] { return await(get_running_loop().sendfile(writer.transport(), file, part)); };
        if (timeout(30s, send) != part.count()) throw std::runtime_error("the file has changed");
    }
}

void converse(const StreamReader& reader, const StreamWriter& writer, const std::string& folder) {
    for (;;) try {
        const std::string text = timeout(10s, [&] { return await(reader.readuntil("\r\n\r\n")); });
        const Request request = parsed(text);
        answer(request, writer, folder + request.path);
        timeout(30s, [&] { await(writer.drain()); });
        if (!request.keep_alive) return;
    } catch (const Refusal& refusal) {
        return writer.write(head(refusal.what(), 0, "Connection: close\r\n"));
    } catch (const LimitOverrunError&) {
        return writer.write(head("431 Request Header Fields Too Large", 0, "Connection: close\r\n"));
    }
}

void serve(const StreamReader& reader, const StreamWriter& writer, const std::string& folder) {
    try {
        converse(reader, writer, folder);
        writer.write_eof();  // and reads on: the system would drop the answer together with what was not read
        timeout(2s, [&] { while (!await(reader.read(65536)).empty()) continue; });
    } catch (const IncompleteReadError&) {  // has hung up, between two requests as a rule
    } catch (const std::exception&) {             // too slow, or the connection is lost
        writer.transport()->abort();
    }
    writer.close();
}
}  // namespace

int main(int count, char** arguments) {
    if (count != 3) return std::cerr << "usage: http_server FOLDER PORT\n", 2;
    run([&] {
        const auto accept = [&](StreamReader reader, StreamWriter writer) { serve(reader, writer, arguments[1]); };
        const Server server = await(start_server(accept, "127.0.0.1", std::string(arguments[2]),
                                                             ServerOptions().limit(8 * 1024).backlog(1000)));
        std::cout << "http://" << server.sockets().front().local_address().str() << "/" << std::endl;
        const auto stop = [server] {
            server.close();
            server.close_clients();
            server.get_loop().call_later(5s, [server] { server.abort_clients(); });  // who does not take what is left
        };
        for (const int signal : {SIGINT, SIGTERM}) server.get_loop().add_signal_handler(signal, stop);
        await(server.wait_closed());
    });
}
