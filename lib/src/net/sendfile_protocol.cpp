#include "net/sendfile_protocol.hpp"

#include "cede/base/exceptions.hpp"
#include "cede/task/await.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {

SendfileProtocol::SendfileProtocol(EventLoop& loop, std::shared_ptr<Transport> transport)
    : loop_(loop), transport_(std::move(transport)), original_(transport_->get_protocol()),
      resumes_reading_(transport_->is_reading()),
      paused_(transport_->get_write_buffer_size() > transport_->get_write_buffer_limits().high) {}

std::shared_ptr<SendfileProtocol> SendfileProtocol::install(EventLoop& loop, std::shared_ptr<Transport> transport) {
    const std::shared_ptr<SendfileProtocol> self(new SendfileProtocol(loop, std::move(transport)));
    if (self->resumes_reading_) self->transport_->pause_reading();
    self->transport_->set_protocol(self);
    return self;
}

void SendfileProtocol::restore() {
    if (lost_) return;
    transport_->set_protocol(original_);
    if (resumes_reading_ && !transport_->is_closing()) transport_->resume_reading();
    if (!original_paused_ || *original_paused_ == paused_) return;
    if (paused_) {
        original_->pause_writing();
    } else {
        original_->resume_writing();
    }
}

void SendfileProtocol::drain() {
    for (;;) {
        if (lost_ || transport_->is_closing()) {
            throw os_error(ECONNABORTED, "sendfile: the transport was closed before the end of the file");
        }
        if (!paused_) return;
        waiting_ = Future<void>(loop_);
        await(Future<void>(waiting_));
    }
}

void SendfileProtocol::wake() {
    const Future<void> waiting = std::exchange(waiting_, Future<void>(nullptr));
    if (waiting && !waiting.done()) waiting.set_result();
}

// Reading is paused, but a transport may have something in hand.
void SendfileProtocol::data_received(absl::string_view data) {
    if (Protocol* const plain = dynamic_cast<Protocol*>(original_.get())) return plain->data_received(data);
    throw RuntimeError("sendfile: the transport goes on reading while it should pause");
}

bool SendfileProtocol::eof_received() {
    if (Protocol* const plain = dynamic_cast<Protocol*>(original_.get())) return plain->eof_received();
    if (BufferedProtocol* const buffered = dynamic_cast<BufferedProtocol*>(original_.get())) return buffered->eof_received();
    return false;
}

void SendfileProtocol::connection_lost(std::exception_ptr error) {
    lost_ = true;
    wake();
    original_->connection_lost(std::move(error));
}

void SendfileProtocol::pause_writing() {
    if (!original_paused_) original_paused_ = false;
    paused_ = true;
}

void SendfileProtocol::resume_writing() {
    if (!original_paused_) original_paused_ = true;
    paused_ = false;
    wake();
}

}  // namespace detail
}  // namespace cede
