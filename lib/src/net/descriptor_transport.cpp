// The beginning and the end of every transport on a descriptor.
#include "net/descriptor_transport.hpp"

#include <new>

#include "cede/base/reports.hpp"
#include "net/network_state.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {
namespace {

// Of writes to a connection that is gone, before it is said: asyncio's number.
constexpr int silent_drops = 4;

}  // namespace

DescriptorTransport::DescriptorTransport(EventLoop& loop, int fd, const char* kind)
    : loop_(&loop), fd_(fd), watch_(loop, fd, *this), kind_(kind), loss_(*this) {}

DescriptorTransport::~DescriptorTransport() = default;

void DescriptorTransport::open(std::shared_ptr<DescriptorTransport> self, Future<void> made) {
    loop_->call_soon([self, made] { self->begin(made); });
    self_ = std::move(self);
    loop_->network().open.add(*this);
}

void DescriptorTransport::begin(const Future<void>& made) {
    if (self_ != nullptr) connection_made();
    if (made && !made.done()) made.set_result();
}

void DescriptorTransport::connection_made() {
    if (std::exchange(made_, true)) return;
    const std::shared_ptr<DescriptorTransport> alive = self_;
    const std::shared_ptr<BaseProtocol> protocol = protocol_;
    EventLoop& loop = *loop_;
    if (std::exception_ptr error = failure_of([&] { protocol->connection_made(alive); })) {
        // Of whatever kind, for an error of the system is the application's own here, and no end of this connection.
        force_close(error);  // first, for which memory need not suffice
        failure_of([&] { report(loop, "Fatal error: protocol.connection_made() call failed.", error, alive); });
    }
    start();
}

void DescriptorTransport::set_protocol(std::shared_ptr<BaseProtocol> protocol) {
    if (losing_ && loop_ == nullptr) return;
    adopt_protocol(protocol.get());
    protocol_.swap(protocol);
}

void DescriptorTransport::close() {
    if (closing_) return;
    closing_ = true;
    if (is_flushed()) return lose(nullptr);
    stop_reading();
}

void DescriptorTransport::fail(int error, const char* call) {
    const std::string message = std::string("Fatal ") + call + " error on " + kind_ + " transport";
    fatal_error(std::make_exception_ptr(os_error(error, message)), message.c_str());
}

void DescriptorTransport::fatal_error(std::exception_ptr error, const char* message) {
    if (loop_ != nullptr && !is_ordinary(error)) report(*loop_, message, error, self_);
    force_close(std::move(error));
}

void DescriptorTransport::force_close(std::exception_ptr error) {
    if (losing_) return;
    closing_ = true;
    drop_buffer();
    lose(std::move(error));
}

void DescriptorTransport::lose(std::exception_ptr error) {
    losing_ = true;
    watch_.stop();
    const std::shared_ptr<DescriptorTransport> self = self_;
    try {
        loop_->call_soon([self, error] { self->connection_lost(error); });
    } catch (const std::bad_alloc&) {
        // Whoever waits for the end of this connection must not wait for ever because memory is short.
        loss_.error = std::move(error);
        loop_->enqueue(loss_);
    }
}

void DescriptorTransport::finish_close() {
    losing_ = true;
    watch_.stop();
    connection_lost(nullptr);
}

void DescriptorTransport::connection_lost(std::exception_ptr error) {
    if (loop_ == nullptr) return;
    const std::shared_ptr<DescriptorTransport> alive = self_;
    EventLoop& loop = *loop_;
    connection_made();  // it was scheduled before, but a test's loop may shuffle what is ready
    const std::shared_ptr<BaseProtocol> protocol = protocol_;
    struct Releases {
        DescriptorTransport& transport;
        ~Releases() { transport.release(); }
    };
    std::exception_ptr failure;
    {
        const Releases releases{*this};
        failure = failure_of([&] { protocol->connection_lost(error); });
    }
    if (failure) report(loop, "protocol.connection_lost() failed", std::move(failure), alive);
}

void DescriptorTransport::watch_writes(bool on) {
    try {
        watch_.write(on);
    } catch (const std::exception&) {  // of the system, or for want of memory
        force_close(std::current_exception());
    }
}

void DescriptorTransport::pause_protocol(std::size_t buffered) {
    if (losing_ || !flow_.pauses(buffered)) return;
    const std::shared_ptr<DescriptorTransport> alive = self_;
    const std::shared_ptr<BaseProtocol> protocol = protocol_;
    if (std::exception_ptr error = failure_of([&] { protocol->pause_writing(); })) {
        report(*loop_, "protocol.pause_writing() failed", std::move(error), alive);
    }
}

void DescriptorTransport::resume_protocol(std::size_t buffered) {
    if (losing_ || !flow_.resumes(buffered)) return;
    const std::shared_ptr<DescriptorTransport> alive = self_;
    const std::shared_ptr<BaseProtocol> protocol = protocol_;
    if (std::exception_ptr error = failure_of([&] { protocol->resume_writing(); })) {
        report(*loop_, "protocol.resume_writing() failed", std::move(error), alive);
    }
}

bool DescriptorTransport::drops_data() {
    if (!closing_) return false;
    if (++dropped_writes_ > silent_drops) warn("data written to a closed connection is dropped");
    return true;
}

// What connection_lost and the end of the loop have in common. The protocol goes last: its destructor may ask the transport.
void DescriptorTransport::release() noexcept {
    if (loop_ == nullptr) return;
    const std::shared_ptr<DescriptorTransport> alive = std::move(self_);
    const std::shared_ptr<BaseProtocol> protocol = std::move(protocol_);
    protocol_ = nullptr;
    closing_ = losing_ = true;
    drop_buffer();
    if (loss_.linked() && !loop_->is_closed()) loop_->withdraw(loss_);
    watch_.close();
    close_descriptor();
    loop_->network().open.remove(*this);
    loop_ = nullptr;
    released();
}

void DescriptorTransport::loop_closes() noexcept {
    if (loop_->get_debug() && !closing_) warn("unclosed transport: " + name());
    offer_held_back();
    release();
}

}  // namespace detail
}  // namespace cede
