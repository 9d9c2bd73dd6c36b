// Addresses as values: literals, Unix names, text.
#include "cede/net/socket_address.hpp"

#include <net/if.h>
#include <netinet/in.h>

#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <unordered_map>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace cede {
namespace tests {

BOOST_AUTO_TEST_SUITE(socket_address)

BOOST_AUTO_TEST_CASE(literals_are_read) {
    const SocketAddress four("127.0.0.1", 80);
    BOOST_TEST(four.family() == AF_INET);
    BOOST_TEST(four.host() == "127.0.0.1");
    BOOST_TEST(four.port() == 80);
    BOOST_TEST(four.str() == "127.0.0.1:80");
    BOOST_TEST(four.size() == sizeof(sockaddr_in));
    const SocketAddress six("2001:db8::1", 65535);
    BOOST_TEST(six.family() == AF_INET6);
    BOOST_TEST(six.host() == "2001:db8::1");
    BOOST_TEST(six.str() == "[2001:db8::1]:65535");
    BOOST_TEST(six.scope_id() == 0u);
}

BOOST_AUTO_TEST_CASE(they_have_an_order_a_hash_and_a_text) {
    const std::vector<SocketAddress> all = {SocketAddress(), SocketAddress("127.0.0.1", 1), SocketAddress("127.0.0.1", 2),
                                            SocketAddress("127.0.0.2", 1), SocketAddress("::1", 1), SocketAddress("::1", 2),
                                            SocketAddress("fe80::1%1", 1), SocketAddress("fe80::1%2", 1),
                                            SocketAddress::from_path("/a"), SocketAddress::from_path("/ab"),
                                            SocketAddress::from_path(absl::string_view("\0a", 2))};
    std::map<SocketAddress, std::size_t> ordered;
    std::unordered_map<SocketAddress, std::size_t> hashed;
    for (std::size_t i = 0; i < all.size(); ++i) ordered[all[i]] = hashed[all[i]] = i;
    BOOST_TEST(ordered.size() == all.size());
    BOOST_TEST(hashed.size() == all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (std::size_t k = 0; k < all.size(); ++k) BOOST_TEST((all[i] == all[k]) == (i == k));
        BOOST_TEST(ordered[all[i]] == i);
        BOOST_TEST(hashed[all[i]] == i);
    }
    std::ostringstream out;
    out << all[1] << " " << all[4];
    BOOST_TEST(out.str() == "127.0.0.1:1 [::1]:1");
}

// LOOP-030
BOOST_AUTO_TEST_CASE(a_scope_is_a_name_or_number) {
    const std::uint32_t loopback = ::if_nametoindex("lo");
    BOOST_REQUIRE(loopback != 0u);
    const SocketAddress named("fe80::1%lo", 1);
    BOOST_TEST(named.scope_id() == loopback);
    BOOST_TEST(named.host() == "fe80::1%lo");
    BOOST_TEST((named == SocketAddress("fe80::1%" + std::to_string(loopback), 1)));
    BOOST_TEST(SocketAddress("fe80::1%4000", 1).host() == "fe80::1%4000");
    BOOST_TEST(!SocketAddress::parse("fe80::1%no-such-interface", 1));
    BOOST_TEST(!SocketAddress::parse("fe80::1%", 1));
}

BOOST_AUTO_TEST_CASE(what_is_no_literal_is_refused) {
    for (const char* text : {"", "localhost", "1.2.3", "1.2.3.4.5", "256.0.0.1", ":::", "[::1]", "127.0.0.1 "}) {
        BOOST_TEST(!SocketAddress::parse(text, 1), text);
        BOOST_CHECK_THROW(SocketAddress(text, 1), std::invalid_argument);
    }
    BOOST_TEST(!SocketAddress::parse(absl::string_view("127.0.0.1\0x", 11), 1));
    BOOST_CHECK_THROW(SocketAddress("127.0.0.1", 65536), std::invalid_argument);
    BOOST_CHECK_THROW(SocketAddress("127.0.0.1", -1), std::invalid_argument);
    BOOST_TEST(!SocketAddress::parse("127.0.0.1", 1, AF_INET6));
    BOOST_TEST(!SocketAddress::parse("::1", 1, AF_INET));
}

BOOST_AUTO_TEST_CASE(unix_names_are_paths_or_abstract) {
    const SocketAddress path = SocketAddress::from_path("/run/x.sock");
    BOOST_TEST(path.family() == AF_UNIX);
    BOOST_TEST(path.path() == "/run/x.sock");
    BOOST_TEST(path.str() == "/run/x.sock");
    BOOST_TEST(path.port() == 0);
    BOOST_TEST(path.host() == "");
    const std::string name("\0abstract\0name", 14);
    const SocketAddress abstract = SocketAddress::from_path(name);
    BOOST_TEST(abstract.path() == name);
    BOOST_TEST(abstract.str() == std::string("@abstract\0name", 14));
    BOOST_TEST((abstract != SocketAddress::from_path(std::string("\0abstract", 9))));
    BOOST_TEST(SocketAddress::from_path(std::string(107, 'p')).path().size() == 107u);
    BOOST_CHECK_EXCEPTION(SocketAddress::from_path(std::string(108, 'p')), std::system_error,
                          [](const std::system_error& e) { return e.code() == std::errc::filename_too_long; });
}

BOOST_AUTO_TEST_CASE(equality_is_of_address_port_and_scope) {
    BOOST_TEST((SocketAddress("127.0.0.1", 1) == SocketAddress("127.0.0.1", 1)));
    BOOST_TEST((SocketAddress("127.0.0.1", 1) != SocketAddress("127.0.0.1", 2)));
    BOOST_TEST((SocketAddress("127.0.0.1", 1) != SocketAddress("::1", 1)));
    BOOST_TEST((SocketAddress("fe80::1%1", 1) != SocketAddress("fe80::1%2", 1)));
    BOOST_TEST((SocketAddress("::1", 1).with_port(9) == SocketAddress("::1", 9)));
    BOOST_TEST((SocketAddress() == SocketAddress()));
    BOOST_TEST(SocketAddress().str() == "");
    BOOST_TEST(SocketAddress().size() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
