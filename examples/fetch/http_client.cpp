#include "http_client.hpp"

#include <chrono>

#include <absl/strings/str_cat.h>
#include <cede/stream/open_connection.hpp>
#include <cede/task/await.hpp>

namespace fetch {
namespace {

using namespace std::chrono_literals;

// More of them than any server sends, and an end for one that sends nothing else.
constexpr int most_interim_responses = 16;

std::string request_text(Method method, const Url& url) {
    return absl::StrCat(method == Method::head ? "HEAD " : "GET ", url.target, " HTTP/1.1\r\n",
                        "Host: ", url.authority, "\r\n",
                        "User-Agent: cede-fetch\r\n"
                        "Accept: */*\r\n"
                        "Accept-Encoding: identity\r\n"
                        "Connection: close\r\n\r\n");
}

// Up to the empty line, whichever way its lines end.
ResponseHead read_head(const cede::StreamReader& reader) {
    try {
        return parse_response_head(await(reader.readuntil({"\n\r\n", "\n\n"})));
    } catch (const cede::IncompleteReadError& error) {
        throw HttpError(error.partial().empty()
                            ? "the server closed the connection without a response"
                            : "the server closed the connection in the middle of the response's head");
    } catch (const cede::LimitOverrunError&) {
        throw HttpError("the response's head is longer than 64 KiB");
    }
}

// Skips what a server may send ahead of its response, such as "103 Early Hints".
ResponseHead read_final_head(const cede::StreamReader& reader) {
    for (int i = 0; i < most_interim_responses; ++i) {
        ResponseHead head = read_head(reader);
        if (head.status == 101) throw HttpError("the server switches to a protocol that nobody asked for");
        if (head.status >= 200) return head;
    }
    throw HttpError("the server sends interim responses only");
}

}  // namespace

cede::Coroutine<Response> request(Method method, Url url) {
    return [method, url = std::move(url)] {
        // A host with a dead IPv6 route costs a quarter of a second, not the whole timeout.
        const auto options = cede::ConnectOptions().happy_eyeballs_delay(250ms);
        Connection connection(await(cede::open_connection(url.host, url.port, options)));
        connection.writer.write(request_text(method, url));
        await(connection.writer.drain());
        ResponseHead head = read_final_head(connection.reader);
        return Response(std::move(connection), std::move(head), method);
    };
}

}  // namespace fetch
