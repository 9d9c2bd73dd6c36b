#include <cede/adapters/ssl.hpp>

#include <iostream>

int main() {
    const auto context = cede::ssl::create_default_context();
    const auto connection = context->wrap_bio(false, "example.org");
    char hello[1000];
    connection->do_handshake();
    const std::size_t count = connection->take(absl::Span<char>(hello));
    std::cout << "a client's hello of " << count << " bytes\n";
    return count != 0 ? 0 : 1;
}
