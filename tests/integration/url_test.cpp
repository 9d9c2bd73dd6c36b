#include <boost/test/unit_test.hpp>

#include <string>

#include "fetch/url.hpp"

namespace {

using fetch::parse_url;
using fetch::UrlError;

// Why a URL was refused; empty when it was not.
std::string refusal(const std::string& text) {
    try {
        parse_url(text);
        return std::string();
    } catch (const UrlError& error) {
        return error.what();
    }
}

bool refused_for(const std::string& text, const std::string& why) {
    const std::string refused = refusal(text);
    BOOST_TEST_INFO(text << ": '" << refused << "'");
    return refused.find(why) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(url)

BOOST_AUTO_TEST_CASE(a_url_has_a_host_a_port_and_a_target) {
    const fetch::Url url = parse_url("http://example.org:8080/a/b?c=d#e");
    BOOST_TEST(url.host == "example.org");
    BOOST_TEST(url.port == 8080);
    BOOST_TEST(url.authority == "example.org:8080");
    BOOST_TEST(url.target == "/a/b?c=d");
}

BOOST_AUTO_TEST_CASE(what_is_left_out_has_a_default) {
    for (const char* text : {"http://h", "http://h/", "http://h:80", "http://h:/", "HTTP://h", "http://h#top"}) {
        BOOST_TEST_CONTEXT(text) {
            const fetch::Url url = parse_url(text);
            BOOST_TEST(url.host == "h");
            BOOST_TEST(url.port == 80);
            BOOST_TEST(url.authority == "h");
            BOOST_TEST(url.target == "/");
        }
    }
    BOOST_TEST(parse_url("http://h?q").target == "/?q");
    BOOST_TEST(parse_url("http://h/?u=http://g/").target == "/?u=http://g/");
    BOOST_TEST(parse_url("http://h/a@b:c").host == "h");
}

BOOST_AUTO_TEST_CASE(an_ipv6_address_stands_in_brackets) {
    BOOST_TEST(parse_url("http://[::1]").host == "::1");
    BOOST_TEST(parse_url("http://[::1]").authority == "[::1]");
    const fetch::Url url = parse_url("http://[2001:db8::7]:8080/x");
    BOOST_TEST(url.host == "2001:db8::7");
    BOOST_TEST(url.port == 8080);
    BOOST_TEST(url.authority == "[2001:db8::7]:8080");
    BOOST_TEST(refused_for("http://::1/", "in brackets"));
    BOOST_TEST(refused_for("http://[::1", "not closed"));
    BOOST_TEST(refused_for("http://[]/", "not an IPv6 address"));
    BOOST_TEST(refused_for("http://[127.0.0.1]/", "not an IPv6 address"));
    BOOST_TEST(refused_for("http://[fe80::1%25eth0]/", "not an IPv6 address"));
    BOOST_TEST(refused_for("http://[::1]8080/", "only a port"));
}

BOOST_AUTO_TEST_CASE(a_port_is_1_to_65535) {
    BOOST_TEST(parse_url("http://h:1").port == 1);
    BOOST_TEST(parse_url("http://h:65535").port == 65535);
    BOOST_TEST(parse_url("http://h:0000080").authority == "h");
    for (const char* text : {"http://h:0", "http://h:65536", "http://h:99999999999999999999"}) {
        BOOST_TEST(refused_for(text, "1 to 65535"));
    }
    for (const char* text : {"http://h:x", "http://h:-1", "http://h:8 ", "http://[::1]:x"}) {
        BOOST_TEST(refused_for(text, "not a number"));
    }
}

BOOST_AUTO_TEST_CASE(only_http_is_spoken_and_the_reason_says_so) {
    BOOST_TEST(refused_for("https://example.org/", "TLS"));
    BOOST_TEST(refused_for("HTTPS://example.org/", "TLS"));
    BOOST_TEST(refused_for("ftp://example.org/", "only http://"));
    BOOST_TEST(refused_for("example.org", "no scheme"));
    BOOST_TEST(refused_for("http:/example.org", "no scheme"));
    BOOST_TEST(refused_for("", "no scheme"));
}

BOOST_AUTO_TEST_CASE(a_host_is_a_host_name) {
    for (const char* text : {"http://", "http:///path", "http://:80/", "http://?q"}) {
        BOOST_TEST(refused_for(text, "no host"));
    }
    BOOST_TEST(refused_for("http://a b/", "no host name has"));
    BOOST_TEST(refused_for("http://a%62/", "no host name has"));
    BOOST_TEST(refused_for("http://m\xC3\xBCnchen.example/", "xn--"));
    BOOST_TEST(refused_for("http://me:secret@h/", "user name"));
}

BOOST_AUTO_TEST_CASE(a_target_cannot_smuggle_a_header_into_the_request) {
    for (const char* text : {"http://h/a b", "http://h/\r\nX: y", "http://h/\n", "http://h/\t", "http://h/\x7F"}) {
        BOOST_TEST(refused_for(text, "percent-encode"));
    }
    BOOST_TEST(refused_for(std::string("http://h/\0x", 11), "percent-encode"));
    BOOST_TEST(refused_for("http://h\r\nX: y/", "no host name has"));
    BOOST_TEST(parse_url("http://h/\xC3\xBC?\xFF").target == "/%C3%BC?%FF");
    BOOST_TEST(parse_url("http://h/#a b").target == "/");
}

BOOST_AUTO_TEST_SUITE_END()
