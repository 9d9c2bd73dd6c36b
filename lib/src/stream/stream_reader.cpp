#include "cede/stream/stream_reader.hpp"

#include <stdexcept>
#include <utility>

#include "cede/base/exceptions.hpp"
#include "stream/reader_core.hpp"

namespace cede {
namespace {

EventLoop& current_loop() {
    try {
        return get_event_loop();
    } catch (const RuntimeError&) {
        throw RuntimeError("no running event loop: StreamReader() is a stream of the loop that runs. One without a stream, to be "
                           "assigned to later, is StreamReader(nullptr)");
    }
}

}  // namespace

std::shared_ptr<detail::ReaderCore> StreamReader::make(std::ptrdiff_t limit, EventLoop* loop) {
    if (limit <= 0) throw std::invalid_argument("Limit cannot be <= 0");
    EventLoop& of = loop != nullptr ? *loop : current_loop();
    return std::shared_ptr<detail::ReaderCore>(new detail::ReaderCore(static_cast<std::size_t>(limit), of),
                                               detail::LoopBound::Release());
}

const std::shared_ptr<detail::ReaderCore>& StreamReader::open() const {
    if (core_ == nullptr) throw RuntimeError("this StreamReader is empty: it refers to no stream");
    return core_;
}

// Each coroutine keeps the stream, so that the handle may go while it is awaited.
Coroutine<std::string> StreamReader::read(std::ptrdiff_t n) const {
    return [core = open(), n] { return core->read(n); };
}

Coroutine<std::string> StreamReader::readline() const {
    return [core = open()] { return core->readline(); };
}

Coroutine<std::string> StreamReader::readexactly(std::ptrdiff_t n) const {
    return [core = open(), n] { return core->readexactly(n); };
}

Coroutine<std::string> StreamReader::readuntil(absl::string_view separator) const {
    return [core = open(), separator = std::string(separator)] { return core->readuntil(detail::Separators(separator)); };
}

Coroutine<std::string> StreamReader::readuntil(std::vector<std::string> separators) const {
    return [core = open(), separators = std::move(separators)] {
        return core->readuntil(detail::Separators(separators));
    };
}

Coroutine<std::string> StreamReader::readuntil(std::initializer_list<absl::string_view> separators) const {
    return readuntil(std::vector<std::string>(separators.begin(), separators.end()));
}

Coroutine<std::size_t> StreamReader::read_into(absl::Span<char> buffer) const {
    return [core = open(), buffer] { return core->read_into(buffer); };
}

Coroutine<absl::optional<std::string>> StreamReader::next() const {
    return [core = open()] {
        std::string line = core->readline();
        return line.empty() ? absl::nullopt : absl::optional<std::string>(std::move(line));
    };
}

StreamReader::iterator::iterator(StreamReader reader) : reader_(std::move(reader)) { ++*this; }

StreamReader::iterator& StreamReader::iterator::operator++() {
    line_ = reader_.open()->readline();
    if (line_.empty()) reader_ = nullptr;
    return *this;
}

StreamReader::iterator StreamReader::begin() const { return iterator(*this); }
StreamReader::iterator StreamReader::end() const { return iterator(); }

bool StreamReader::at_eof() const { return open()->at_eof(); }
std::exception_ptr StreamReader::exception() const { return open()->exception(); }
void StreamReader::feed_data(absl::string_view data) const { open()->feed_data(data); }
void StreamReader::feed_eof() const { open()->feed_eof(); }
void StreamReader::set_exception(std::exception_ptr error) const { open()->set_exception(std::move(error)); }
void StreamReader::set_transport(std::shared_ptr<ReadTransport> transport) const {
    open()->set_transport(std::move(transport));
}

}  // namespace cede
