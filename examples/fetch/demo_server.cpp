#include "demo_server.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <cede/stream/start_server.hpp>
#include <cede/task/await.hpp>
#include <cede/task/sleep.hpp>

namespace fetch {
namespace {

constexpr std::size_t page_count = 300;

// Most pages take a tenth of a second; every thirtieth takes a second.
std::chrono::milliseconds delay_of(std::size_t page) {
    return std::chrono::milliseconds(page % 30 == 29 ? 1000 : 30 + page * 37 % 150);
}

// From nothing to 40 KB, in no particular order.
std::string body_of(std::size_t page) {
    const std::string line = absl::StrCat("This is page ", page, ".\n");
    const std::size_t size = page * 7919 % 40960;
    std::string body;
    while (body.size() < size) body += line;
    body.resize(size);
    return body;
}

// A body can end in three ways, and the pages take turns.
void send_with_length(const cede::StreamWriter& writer, const std::string& body) {
    writer.write(absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", body.size(), "\r\n\r\n", body));
}

void send_in_chunks(const cede::StreamWriter& writer, absl::string_view body) {
    writer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (; !body.empty(); body.remove_prefix(std::min<std::size_t>(4096, body.size()))) {
        const absl::string_view chunk = body.substr(0, 4096);
        writer.write(absl::StrCat(absl::Hex(chunk.size()), "\r\n", chunk, "\r\n"));
        await(writer.drain());
    }
    writer.write("0\r\n\r\n");
}

void send_until_close(const cede::StreamWriter& writer, const std::string& body) {
    writer.write(absl::StrCat("HTTP/1.1 200 OK\r\n\r\n", body));
}

// The number in "GET /page/17 HTTP/1.1"; page_count for anything else.
std::size_t requested_page(absl::string_view request) {
    std::size_t page = page_count;
    if (!absl::ConsumePrefix(&request, "GET /page/")) return page_count;
    if (!absl::SimpleAtoi(request.substr(0, request.find(' ')), &page)) return page_count;
    return std::min(page, page_count);
}

void serve(const cede::StreamReader& reader, const cede::StreamWriter& writer) {
    const std::size_t page = requested_page(await(reader.readuntil("\r\n\r\n")));
    if (page == page_count) {
        writer.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    } else {
        await(cede::sleep(delay_of(page)));
        const std::string body = body_of(page);
        if (page % 3 == 0) send_with_length(writer, body);
        if (page % 3 == 1) send_in_chunks(writer, body);
        if (page % 3 == 2) send_until_close(writer, body);
    }
    await(writer.drain());
}

}  // namespace

cede::Coroutine<cede::Server> start_demo_server() {
    return cede::start_server(
        [](cede::StreamReader reader, cede::StreamWriter writer) {
            try {
                serve(reader, writer);
            } catch (const std::exception&) {
                // The client has gone, in the middle of its request or of our response.
            }
            writer.close();
        },
        "127.0.0.1", 0);
}

std::vector<std::string> demo_urls(const cede::Server& server) {
    const std::string address = server.sockets().front().local_address().str();
    std::vector<std::string> urls;
    for (std::size_t page = 0; page < page_count; ++page) {
        urls.push_back(absl::StrCat("http://", address, "/page/", page));
    }
    return urls;
}

}  // namespace fetch
