// The setters of options that hold more than a number.
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "cede/net/connection_options.hpp"
#include "cede/net/datagram_options.hpp"
#include "cede/net/server_options.hpp"

namespace cede {

ConnectionOptions& ConnectionOptions::socket(Socket value) {
    socket_ = std::make_shared<Socket>(std::move(value));
    return *this;
}

ConnectionOptions& ConnectionOptions::sock(Socket value) { return socket(std::move(value)); }

ConnectionOptions& ConnectionOptions::local_addr(std::string host, Port port) {
    return local_address(std::move(host), std::move(port));
}

ConnectionOptions& ConnectionOptions::local_addr(const SocketAddress& address) {
    if (address.host().empty()) throw std::invalid_argument("local_addr needs an address of IPv4 or IPv6");
    return local_address(address.host(), address.port());
}

ConnectionOptions& ConnectionOptions::local_address(std::string host, Port port) {
    local_host_ = std::move(host);
    local_port_ = std::move(port);
    return *this;
}

ConnectionOptions& ConnectionOptions::server_hostname(std::string value) noexcept {
    return ssl_.server_hostname = std::move(value), *this;
}

StartTlsOptions& StartTlsOptions::server_hostname(std::string value) noexcept {
    return ssl_.server_hostname = std::move(value), *this;
}

ServerOptions& ServerOptions::socket(Socket value) {
    socket_ = std::make_shared<Socket>(std::move(value));
    return *this;
}

ServerOptions& ServerOptions::sock(Socket value) { return socket(std::move(value)); }

DatagramOptions& DatagramOptions::local_addr(std::string host, Port port) {
    return local_ = {DatagramAddress::host_and_port, std::move(host), std::move(port), SocketAddress()}, *this;
}

DatagramOptions& DatagramOptions::local_path(std::string path) {
    return local_ = {DatagramAddress::path, std::move(path), Port(), SocketAddress()}, *this;
}

DatagramOptions& DatagramOptions::local_addr(const SocketAddress& address) {
    return local_ = {DatagramAddress::literal, std::string(), Port(), address}, *this;
}

DatagramOptions& DatagramOptions::remote_addr(std::string host, Port port) {
    return remote_ = {DatagramAddress::host_and_port, std::move(host), std::move(port), SocketAddress()}, *this;
}

DatagramOptions& DatagramOptions::remote_path(std::string path) {
    return remote_ = {DatagramAddress::path, std::move(path), Port(), SocketAddress()}, *this;
}

DatagramOptions& DatagramOptions::remote_addr(const SocketAddress& address) {
    return remote_ = {DatagramAddress::literal, std::string(), Port(), address}, *this;
}

DatagramOptions& DatagramOptions::socket(Socket value) {
    socket_ = std::make_shared<Socket>(std::move(value));
    return *this;
}

DatagramOptions& DatagramOptions::sock(Socket value) { return socket(std::move(value)); }

}  // namespace cede
