// What it is: the protocol between a transport and a pair of streams: it feeds the reader, and lets the writer wait.
// When to use it: with create_connection, connect_read_pipe or a transport of your own, to read from it by a StreamReader.
// When not: for a plain connection or server; open_connection() and start_server() do this.
//
// Loop's thread only; nothing here cedes. It does not keep the reader: what arrives after the last handle to it has gone is
// dropped. Until connection_made, one for a client task does.
#ifndef CEDE_STREAM_STREAM_READER_PROTOCOL_HPP
#define CEDE_STREAM_STREAM_READER_PROTOCOL_HPP

#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"

#include "cede/base/fwd.hpp"
#include "cede/stream/flow_control.hpp"
#include "cede/stream/stream_reader.hpp"
#include "cede/stream/stream_writer.hpp"
#include "cede/task/await.hpp"
#include "cede/task/with.hpp"

namespace cede {

class Transport;

// What a server does with a client, as the body of a task; shared by the connections of the server, and so called by several
// tasks in turn while others are in the middle of it.
using ClientConnected = absl::AnyInvocable<void(StreamReader, StreamWriter)>;

namespace detail {

// The callback may take the two by value or by reference.
template <class F>
auto call_client(F& callback, StreamReader& reader, StreamWriter& writer, int)
    -> decltype(callback(std::move(reader), std::move(writer))) {
    return callback(std::move(reader), std::move(writer));
}
template <class F>
auto call_client(F& callback, StreamReader& reader, StreamWriter& writer, long) -> decltype(callback(reader, writer)) {
    return callback(reader, writer);
}
template <class F>
using IfClientCallback =
    decltype(call_client(std::declval<F&>(), std::declval<StreamReader&>(), std::declval<StreamWriter&>(), 0));
template <class F>
void call_client(F&, StreamReader&, StreamWriter&, ...) {
    static_assert(!std::is_same<F, F>::value, "the callback of a server takes (StreamReader, StreamWriter)");
}

template <class F>
ClientConnected to_client_connected(F callback, std::true_type) {
    return [callback = std::move(callback)](StreamReader reader, StreamWriter writer) mutable {
        await(call_client(callback, reader, writer, 0));
    };
}
template <class F>
ClientConnected to_client_connected(F callback, std::false_type) {
    return [callback = std::move(callback)](StreamReader reader, StreamWriter writer) mutable {
        call_client(callback, reader, writer, 0);
    };
}

template <class F>
ClientConnected to_client_connected(F&& callback) {
    using Callback = std::decay_t<F>;
    using Result =
        decltype(call_client(std::declval<Callback&>(), std::declval<StreamReader&>(), std::declval<StreamWriter&>(), 0));
    static_assert(!TakesNothing<Result>::value,
                  "the callback of a server returns a lambda, which nobody would call: let it return a Coroutine<void>");
    return to_client_connected<Callback>(std::forward<F>(callback), IsCoroutine<Result>());
}

}  // namespace detail

class StreamReaderProtocol : public FlowControlMixin, public detail::HoldsReceived {
public:
    // Feeds `reader`, on its loop's thread. Throws RuntimeError for an empty reader.
    explicit StreamReaderProtocol(StreamReader reader);
    // The same, and runs `client_connected` as a task of each connection (there is one, unless a subclass has more): an
    // exception that leaves it is given to the loop's exception handler, and closes the connection.
    StreamReaderProtocol(StreamReader reader, std::shared_ptr<ClientConnected> client_connected);
    template <class F, class = detail::IfClientCallback<F>>
    StreamReaderProtocol(StreamReader reader, F client_connected)
        : StreamReaderProtocol(std::move(reader), std::make_shared<ClientConnected>(
                                                      detail::to_client_connected(std::move(client_connected)))) {}
    ~StreamReaderProtocol() override;

    void connection_made(std::shared_ptr<BaseTransport> transport) override;
    void connection_lost(std::exception_ptr error) override;
    void data_received(absl::string_view data) override;
    // True: the writer may go on when the peer has ended its side. With TLS it may not.
    bool eof_received() override;

    // The reader, or an empty handle when its last one has gone.
    StreamReader reader() const noexcept { return StreamReader(reader_.lock()); }

private:
    friend class detail::WriterCore;  // start_tls
    bool serves_client() const noexcept { return client_connected_ != nullptr; }
    std::string take_received() override;
    void replace_transport(const std::shared_ptr<Transport>& transport);

    std::weak_ptr<detail::ReaderCore> reader_;
    StreamReader kept_;  // until the client's task has it
    std::shared_ptr<ClientConnected> client_connected_;
    bool over_ssl_ = false;
};

}  // namespace cede

#endif
