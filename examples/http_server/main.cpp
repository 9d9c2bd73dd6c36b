// A server of static files over HTTP/1.1: keep-alive, pipelining, HEAD, ranges, If-Modified-Since, large files by sendfile.
// What a client can make it spend is bounded: a head has 8 KiB and ten seconds, a client that stops reading half a minute.
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
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <cede/cede.hpp>
#include "request.hpp"

using namespace std::chrono_literals;
using absl::string_view;
using namespace cede;

namespace {
constexpr std::int64_t piece = 128 * 1024;  // of a file; one no longer than this is sent together with its head

std::string head(string_view status, std::int64_t length, string_view fields) {
    return absl::StrCat("HTTP/1.1 ", status, "\r\nDate: ", date_of(absl::Now()), "\r\nContent-Length: ", length, "\r\n", fields, "\r\n");
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
    const string_view connection = request.keep_alive ? "" : "Connection: close\r\n";
    if (!exists || !S_ISREG(is.st_mode)) {
        const std::string text = head("404 Not Found", 10, absl::StrCat("Content-Type: text/plain\r\n", connection));
        return writer.write(request.head_only ? text : text + "Not here.\n");
    }
    const absl::Time changed = absl::FromTimeT(is.st_mtime);
    std::string fields = absl::StrCat("Last-Modified: ", date_of(changed), "\r\nContent-Type: ", type_of(path), "\r\n", connection);
    if (is_known(request, changed)) return writer.write(head("304 Not Modified", is.st_size, fields));

    // A part of a file that has changed meanwhile would not go with the parts that the client has.
    const std::string& condition = request.field("if-range");
    const bool whole = request.head_only || (!condition.empty() && condition != date_of(changed));
    const Part part = part_of(whole ? "" : request.field("range"), is.st_size);
    const std::int64_t size = part.end - part.begin;
    const std::string bytes = size > 0 ? absl::StrCat(part.begin, "-", part.end - 1) : "*";
    absl::StrAppend(&fields, part.status == "200 OK" ? "Accept-Ranges: bytes\r\n"
                                                     : absl::StrCat("Content-Range: bytes ", bytes, "/", is.st_size, "\r\n"));
    const std::string text = head(part.status, size, fields);
    if (request.head_only) return writer.write(text);
    if (size <= piece) {
        std::string body(static_cast<std::size_t>(size), '\0');
        if (pread(file, &body[0], body.size(), part.begin) != size) throw std::runtime_error("the file has changed");
        return writer.writelines({text, body});
    }
    writer.write(text);
    for (std::int64_t at = part.begin; at < part.end; at += piece) {
        const auto next = SendfileOptions().offset(at).count(std::min(piece, part.end - at));
        const auto send = [&] { return await(get_running_loop().sendfile(writer.transport(), file, next)); };
        if (timeout(30s, send) != next.count()) throw std::runtime_error("the file has changed");
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
