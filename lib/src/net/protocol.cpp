#include "cede/net/protocol.hpp"

namespace cede {

BaseProtocol::~BaseProtocol() = default;
void BaseProtocol::connection_made(std::shared_ptr<BaseTransport>) {}
void BaseProtocol::connection_lost(std::exception_ptr) {}
void BaseProtocol::pause_writing() {}
void BaseProtocol::resume_writing() {}

void Protocol::data_received(absl::string_view) {}
bool Protocol::eof_received() { return false; }

bool BufferedProtocol::eof_received() { return false; }

void DatagramProtocol::datagram_received(absl::string_view, const SocketAddress&) {}
void DatagramProtocol::error_received(std::exception_ptr) {}

void SubprocessProtocol::pipe_data_received(int, absl::string_view) {}
void SubprocessProtocol::pipe_connection_lost(int, std::exception_ptr) {}
void SubprocessProtocol::process_exited() {}

}  // namespace cede
