// What it is: the client's way to a pair of streams: connect to a host, or to a Unix socket.
// When to use it: for any conversation over TCP. When not: for datagrams, or many connections without a task for each.
//
//   auto streams = await(open_connection("example.org", 80));
//   streams.second.write("GET / HTTP/1.0\r\n\r\n");
//   await(streams.second.drain());
//   std::string status = await(streams.first.readline());
//   streams.second.close();
//   await(streams.second.wait_closed());
#ifndef CEDE_STREAM_OPEN_CONNECTION_HPP
#define CEDE_STREAM_OPEN_CONNECTION_HPP

#include <string>
#include <utility>

#include "cede/coroutine/coroutine.hpp"
#include "cede/net/connection_options.hpp"
#include "cede/stream/stream_reader.hpp"
#include "cede/stream/stream_writer.hpp"

namespace cede {

// Cedes until the connection is up; cancelled, it leaves nothing behind. `port` is a number, a number in a string, or the
// name of a service. Throws std::system_error: of the system (std::errc::connection_refused ...) or in resolver_category()
// for an unknown name; std::invalid_argument for a limit of zero; RuntimeError when no loop runs.
Coroutine<std::pair<StreamReader, StreamWriter>> open_connection(std::string host, Port port,
                                                                 ConnectOptions options = ConnectOptions());
// On ConnectOptions::socket(), which is connected.
Coroutine<std::pair<StreamReader, StreamWriter>> open_connection(ConnectOptions options);

// The same on the Unix socket at `path`; one that begins with '\0' is an abstract name.
Coroutine<std::pair<StreamReader, StreamWriter>> open_unix_connection(std::string path,
                                                                      ConnectOptions options = ConnectOptions());
Coroutine<std::pair<StreamReader, StreamWriter>> open_unix_connection(ConnectOptions options);

}  // namespace cede

#endif
