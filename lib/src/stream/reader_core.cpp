#include "stream/reader_core.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "cede/base/exceptions.hpp"
#include "cede/stream/errors.hpp"
#include "cede/task/await.hpp"
#include "loop/loop_token.hpp"

namespace cede {
namespace detail {

ReaderCore::ReaderCore(std::size_t limit, EventLoop& loop)
    : LoopBound(loop), limit_(limit), waiter_(nullptr) {}

void ReaderCore::feed_data(absl::string_view data) {
    check_thread();
    if (eof_) throw RuntimeError("feed_data after feed_eof");
    if (data.empty()) return;
    buffer_.append(data);
    wake_up();
    if (transport_ == nullptr || paused_ || buffer_.size() <= 2 * limit_) return;
    transport_->pause_reading();
    paused_ = true;
}

void ReaderCore::feed_eof() {
    eof_ = true;
    wake_up();
}

void ReaderCore::set_exception(std::exception_ptr error) {
    if (error == nullptr) throw std::invalid_argument("set_exception() needs an exception");
    exception_ = std::move(error);
    const Future<void> waiter = std::exchange(waiter_, nullptr);
    if (!waiter || waiter.done()) return;
    waiter.set_exception(exception_);
    waiter.core()->silence();  // the waiting task may be cancelled before it gets to see it
}

void ReaderCore::set_transport(std::shared_ptr<ReadTransport> transport) {
    if (transport_ != nullptr) throw RuntimeError("Transport already set");
    transport_ = std::move(transport);
}

void ReaderCore::replace_transport(std::shared_ptr<ReadTransport> transport) {
    if (paused_) {
        transport->pause_reading();
        transport_->resume_reading();
    }
    transport_ = std::move(transport);
}

void ReaderCore::wake_up() {
    const Future<void> waiter = std::exchange(waiter_, nullptr);
    if (waiter && !waiter.done()) waiter.set_result();
}

void ReaderCore::check_thread() const {
    if (EventLoop* loop = loop_of(loop_reference())) loop->check_thread();
}

void ReaderCore::check_readable() const {
    check_thread();
    if (exception_) std::rethrow_exception(exception_);
}

void ReaderCore::wait_for_data(const char* caller) {
    // Between a wakeup and the task's step the error may have come, and nothing will wake the task again.
    if (exception_) std::rethrow_exception(exception_);
    if (waiter_ && !waiter_.done()) {  // a done one is of a task that was cancelled, and has not run since
        throw RuntimeError(std::string(caller) + "() called while another coroutine is already waiting for incoming data: "
                           "let one task read, and hand on what it reads, for example through a Queue");
    }
    if (paused_) {  // or the data would never come: the buffer may hold less than the caller needs, yet be "full"
        paused_ = false;
        transport_->resume_reading();
    }
    const Future<void> waiter(loop());
    waiter_ = waiter;
    struct Ends {
        ReaderCore& reader;
        const Future<void>& waiter;
        ~Ends() {
            if (reader.waiter_ && reader.waiter_ != waiter) return;  // another task's, which waits by now
            reader.waiter_ = nullptr;
        }
    } ends{*this, waiter};
    await_future(*waiter.core());
}

void ReaderCore::wait_for_any(const char* caller) {
    // More than once when another task takes the bytes between the wakeup and this task's step.
    while (buffer_.empty() && !eof_) wait_for_data(caller);
}

void ReaderCore::resume_when_drained() {
    if (!paused_ || buffer_.size() > limit_) return;
    paused_ = false;
    transport_->resume_reading();
}

void ReaderCore::consume(std::size_t count) {
    buffer_.consume(count);
    consumed_ += count;
    resume_when_drained();
}

std::string ReaderCore::take(std::size_t count) {
    std::string taken = buffer_.take(count);
    consumed_ += count;
    resume_when_drained();
    return taken;
}

std::string ReaderCore::read(std::ptrdiff_t n) {
    check_readable();
    if (n == 0) return std::string();
    if (n > 0) {
        const std::size_t most = static_cast<std::size_t>(n);
        wait_for_any("read");
        return take(std::min(buffer_.size(), most));
    }
    while (!eof_) wait_for_data("read");
    return take(buffer_.size());
}

std::size_t ReaderCore::read_into(absl::Span<char> out) {
    check_readable();
    if (out.empty()) return 0;
    wait_for_any("read_into");
    const std::size_t count = buffer_.view().copy(out.data(), out.size());
    consume(count);
    return count;
}

std::string ReaderCore::readexactly(std::ptrdiff_t n) {
    if (n < 0) throw std::invalid_argument("readexactly size can not be less than zero");
    check_readable();
    const std::size_t count = static_cast<std::size_t>(n);
    while (buffer_.size() < count) {
        if (eof_) throw IncompleteReadError(take(buffer_.size()), count);
        wait_for_data("readexactly");
    }
    return take(count);
}

ReaderCore::Sought ReaderCore::seek(const Separators& separators) {
    check_readable();
    std::uint64_t searched = consumed_;  // a position in the stream, up to which no separator starts
    for (;;) {
        const std::size_t from = searched > consumed_ ? static_cast<std::size_t>(searched - consumed_) : 0;
        const std::size_t size = buffer_.size();
        if (size >= from + separators.shortest()) {
            if (const absl::optional<Separators::Match> match = separators.find(buffer_.view(), from)) {
                return {match->start > limit_ ? Sought::too_long : Sought::found, match->start, match->end};
            }
            const std::size_t clear = size + 1 > separators.longest() ? size + 1 - separators.longest() : 0;
            if (clear > limit_) return {Sought::too_long_so_far, clear, clear};
            searched = consumed_ + clear;
        }
        // Only now: the bytes that came with the end may hold the separator.
        if (eof_) return {Sought::ended, size, size};
        wait_for_data("readuntil");  // for readline(), too, which asyncio makes of it
    }
}

std::string ReaderCore::readuntil(Separators separators) {
    const Sought sought = seek(separators);
    switch (sought.outcome) {
        case Sought::found: break;
        case Sought::ended: throw IncompleteReadError(take(buffer_.size()), absl::nullopt);
        case Sought::too_long:
            throw LimitOverrunError("Separator is found, but chunk is longer than limit", sought.at);
        case Sought::too_long_so_far:
            throw LimitOverrunError("Separator is not found, and chunk exceed the limit", sought.at);
    }
    return take(sought.end);
}

std::string ReaderCore::readline() {
    const Sought sought = seek(Separators("\n"));
    switch (sought.outcome) {
        case Sought::found: break;
        case Sought::ended: return take(buffer_.size());
        case Sought::too_long:
            consume(sought.end);
            throw std::invalid_argument("Separator is found, but chunk is longer than limit");
        case Sought::too_long_so_far:
            consume(buffer_.size());
            throw std::invalid_argument("Separator is not found, and chunk exceed the limit");
    }
    return take(sought.end);
}

}  // namespace detail
}  // namespace cede
