// An echo server over TLS: every line comes back, and an empty one ends the conversation. tls_echo CERTIFICATE KEY PORT
//
// Both are files in PEM, and for a try openssl makes them:
//   openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=localhost
//     -addext subjectAltName=DNS:localhost -keyout key.pem -out certificate.pem
//   tls_echo certificate.pem key.pem 4433
//   openssl s_client -quiet -CAfile certificate.pem -connect localhost:4433
// SIGHUP reads both files again, for the connections to come: certificates expire, and no server should restart for it.
#include <csignal>
#include <iostream>
#include <string>

#include <cede/adapters/ssl.hpp>
#include <cede/cede.hpp>

using namespace std::chrono_literals;
using namespace cede;

namespace {

void serve(const StreamReader& reader, const StreamWriter& writer) {
    const auto client = absl::any_cast<SocketAddress>(writer.get_extra_info("peername")).str();
    const auto cipher = absl::any_cast<ssl::Cipher>(writer.get_extra_info("cipher"));
    std::cerr << client << ": " << cipher.protocol << " with " << cipher.name << "\n";
    try {
        for (const std::string& line : reader) {
            writer.write(line);
            timeout(30s, [&] { await(writer.drain()); });
            if (line == "\n" || line == "\r\n") break;
        }
    } catch (const std::exception& error) {  // the connection is lost, or the client does not read
        std::cerr << client << ": " << error.what() << "\n";
        writer.transport()->abort();
    }
    writer.close();  // sends what is left, and then that this was all
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) return std::cerr << "usage: tls_echo CERTIFICATE KEY PORT\n", 2;
    const std::string certificate = arguments[1], key = arguments[2], port = arguments[3];
    cede::run([&] {
        const auto context = ssl::create_default_context(ssl::Purpose::CLIENT_AUTH);
        context->load_cert_chain(certificate, key);
        // A handshake that fails ends that connection only, and is told to nobody but in debug mode (RunOptions::debug).
        const auto options = ServerOptions().ssl(context).ssl_handshake_timeout(10s).limit(64 * 1024);
        const Server server = await(start_server(serve, "127.0.0.1", port, options));
        std::cout << server.sockets().front().local_address().str() << std::endl;
        server.get_loop().add_signal_handler(SIGHUP, [=] {
            try {
                context->load_cert_chain(certificate, key);
            } catch (const std::exception& error) {
                std::cerr << "the certificate stays as it was: " << error.what() << "\n";
            }
        });
        const auto stop = [server] {
            server.close();
            server.abort_clients();
        };
        for (const int signal : {SIGINT, SIGTERM}) server.get_loop().add_signal_handler(signal, stop);
        await(server.wait_closed());
    });
}
