// What it is: an HTTP/1.1 client on cede's streams: one request, one response, one connection. When to use it: to fetch a
// page. When not: for redirects (the status is shown as it is), TLS, or a connection kept for the next request.
//
//   Response response = await(request(Method::get, parse_url("http://example.org/")));
//   for (std::string piece = response.read(); !piece.empty(); piece = response.read()) std::cout << piece;
#ifndef FETCH_HTTP_CLIENT_HPP
#define FETCH_HTTP_CLIENT_HPP

#include <string>
#include <utility>

#include <cede/coroutine/coroutine.hpp>
#include <cede/stream/stream_reader.hpp>
#include <cede/stream/stream_writer.hpp>

#include "http_body.hpp"
#include "http_head.hpp"
#include "url.hpp"

namespace fetch {

enum class Method { get, head };

// A pair of streams that is closed when it goes out of scope, however that happens. Movable.
class Connection {
public:
    explicit Connection(std::pair<cede::StreamReader, cede::StreamWriter> streams)
        : reader(std::move(streams.first)), writer(std::move(streams.second)) {}
    Connection(Connection&& other) = default;
    Connection& operator=(Connection&&) = delete;
    // Does not wait until it is closed: all that was asked for has arrived, or never will.
    ~Connection() {
        if (writer) writer.close();
    }

    cede::StreamReader reader;
    cede::StreamWriter writer;
};

class Response {
public:
    // Throws as BodyReader does.
    Response(Connection connection, ResponseHead head, Method method)
        : connection_(std::move(connection)),
          head_(std::move(head)),
          body_(connection_.reader, head_, method == Method::head) {}

    int status() const { return head_.status; }
    absl::optional<std::string> header(absl::string_view name) const { return head_.header(name); }
    // As BodyReader's.
    std::string read() { return body_.read(); }

private:
    Connection connection_;
    ResponseHead head_;
    BodyReader body_;
};

// Cedes until the head of the response is there. Throws HttpError, std::system_error (of connecting, or in
// cede::resolver_category() for an unknown name), CancelledError.
cede::Coroutine<Response> request(Method method, Url url);

}  // namespace fetch

#endif
