// What it is: the receiving side of a connection as straight code: it keeps the bytes that arrive until a task reads them.
// When to use it: you get one from open_connection(), start_server() or a subprocess. Make one by hand to test a parser: feed
// it and read. When not: to handle ten thousand mostly idle connections without a task each; write a Protocol.
//
// Copying a handle refers to the same stream. Loop's thread only, but handles may be copied and destroyed on any thread.
// What returns a Coroutine cedes when it is awaited, and only if the bytes are not there yet. One task may wait at a time.
// A read that is cancelled takes nothing: the next one finds all the bytes.
#ifndef CEDE_STREAM_STREAM_READER_HPP
#define CEDE_STREAM_STREAM_READER_HPP

#include <cstddef>
#include <exception>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"

#include "cede/base/buffers.hpp"
#include "cede/base/depends_on.hpp"
#include "cede/base/fwd.hpp"
#include "cede/coroutine/coroutine.hpp"
#include "cede/stream/errors.hpp"

namespace cede {

class ReadTransport;

namespace detail {
class ReaderCore;
}

class StreamReader {
public:
    // Bytes. The longest line that readline() returns, and half of what is buffered before the transport is paused.
    static constexpr std::ptrdiff_t default_limit = 64 * 1024;

    // Open, with nothing in it, on the running loop, or on the one of set_event_loop when none runs. Throws RuntimeError
    // without either, std::invalid_argument for a limit of zero or less.
    StreamReader() : StreamReader(default_limit) {}
    template <class Int, class = std::enable_if_t<std::is_integral<Int>::value>>
    explicit StreamReader(Int limit) : core_(make(static_cast<std::ptrdiff_t>(limit), nullptr)) {}
    template <class Int, class = std::enable_if_t<std::is_integral<Int>::value>>
    StreamReader(Int limit, EventLoop& loop) : core_(make(static_cast<std::ptrdiff_t>(limit), &loop)) {}
    // Empty: refers to no stream; every call throws RuntimeError. For a member that gets its stream later.
    StreamReader(std::nullptr_t) noexcept {}
    // False for an empty handle.
    explicit operator bool() const noexcept { return core_ != nullptr; }

    // --- Reading ---
    // All of these throw, when awaited: what set_exception() was given, first of all; RuntimeError when another task waits
    // for data of this stream; CancelledError.

    // Up to `n` bytes, as soon as there are any; an empty string at the end of the stream. With n < 0 everything up to the
    // end. The limit does not matter here.
    Coroutine<std::string> read(std::ptrdiff_t n = -1) const;
    // A line with its "\n"; the unterminated rest at the end of the stream, then empty strings. Throws std::invalid_argument
    // when the line is longer than the limit, and drops it, or as much of it as has come.
    Coroutine<std::string> readline() const;
    // Exactly `n` bytes. Throws IncompleteReadError when the stream ends before, std::invalid_argument for n < 0. The limit
    // does not matter here.
    Coroutine<std::string> readexactly(std::ptrdiff_t n) const;
    // Everything up to `separator`, and the separator. Throws IncompleteReadError when the stream ends before,
    // LimitOverrunError when more than the limit precedes it (nothing is taken then), std::invalid_argument for an empty one.
    Coroutine<std::string> readuntil(absl::string_view separator = "\n") const;
    template <class C, class = std::enable_if_t<std::is_same<C, char>::value>>  // and no number that becomes one
    Coroutine<std::string> readuntil(C separator) const { return readuntil(absl::string_view(&separator, 1)); }
    // The same up to the end of whichever separator ends first.
    Coroutine<std::string> readuntil(std::vector<std::string> separators) const;
    Coroutine<std::string> readuntil(std::initializer_list<absl::string_view> separators) const;
    // As read(n), into memory of the caller's, so that nothing is allocated: returns how many bytes were written to the front
    // of `buffer`, 0 at the end of the stream. The memory must live until the await ends.
    Coroutine<std::size_t> read_into(absl::Span<char> buffer) const;
    template <class Buffer, class = detail::IfBuffer<Buffer>>
    Coroutine<detail::DependsOn<Buffer, std::size_t>> read_into(Buffer& buffer) const { return read_into(absl::MakeSpan(buffer)); }

    // A line, or nullopt at the end of the stream. Throws as readline().
    Coroutine<absl::optional<std::string>> next() const;
    // `for (const std::string& line : reader)`: begin() and each step await a line.
    class iterator;
    iterator begin() const;
    iterator end() const;

    // --- State; none of these cedes ---

    // The stream has ended and all of it was read.
    bool at_eof() const;
    // What set_exception() was given; null without.
    std::exception_ptr exception() const;

    // --- Feeding; called by StreamReaderProtocol, or by a test; none of these cedes ---

    // Adds bytes, and pauses the transport above twice the limit. Throws RuntimeError after feed_eof().
    void feed_data(absl::string_view data) const;
    // No more bytes will come. Harmless when repeated.
    void feed_eof() const;
    // Every read throws this from now on, even if bytes are left: an exception object, or an exception_ptr. Throws
    // std::invalid_argument for a null one.
    template <class E>
    void set_exception(E error) const { set_exception(std::make_exception_ptr(std::move(error))); }
    void set_exception(std::exception_ptr error) const;
    // The transport to pause while too much is buffered. Throws RuntimeError when there is one already.
    void set_transport(std::shared_ptr<ReadTransport> transport) const;

    friend bool operator==(const StreamReader& a, const StreamReader& b) noexcept { return a.core_ == b.core_; }
    friend bool operator!=(const StreamReader& a, const StreamReader& b) noexcept { return a.core_ != b.core_; }
    // Some order, for std::set and std::map.
    friend bool operator<(const StreamReader& a, const StreamReader& b) noexcept {
        return std::less<const void*>()(a.core_.get(), b.core_.get());
    }

    // For this room.
    explicit StreamReader(std::shared_ptr<detail::ReaderCore> core) noexcept : core_(std::move(core)) {}
    const std::shared_ptr<detail::ReaderCore>& core() const noexcept { return core_; }

private:
    static std::shared_ptr<detail::ReaderCore> make(std::ptrdiff_t limit, EventLoop* loop);
    const std::shared_ptr<detail::ReaderCore>& open() const;

    std::shared_ptr<detail::ReaderCore> core_;
};

// An input iterator over lines: a step awaits, so it belongs inside a task.
class StreamReader::iterator {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = std::string;
    using difference_type = std::ptrdiff_t;
    using pointer = const std::string*;
    using reference = const std::string&;

    iterator() noexcept : reader_(nullptr) {}
    explicit iterator(StreamReader reader);
    reference operator*() const noexcept { return line_; }
    pointer operator->() const noexcept { return &line_; }
    iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.reader_ == b.reader_; }
    friend bool operator!=(const iterator& a, const iterator& b) noexcept { return a.reader_ != b.reader_; }

private:
    StreamReader reader_;  // empty at the end
    std::string line_;
};

}  // namespace cede

// Handles of the same stream are equal and hash alike.
namespace std {
template <>
struct hash<cede::StreamReader> {
    size_t operator()(const cede::StreamReader& handle) const noexcept { return hash<const void*>()(handle.core().get()); }
};
}  // namespace std

#endif
