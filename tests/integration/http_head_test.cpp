#include <boost/test/unit_test.hpp>

#include <string>

#include "fetch/http_head.hpp"

using fetch::HttpError;
using fetch::parse_response_head;

BOOST_AUTO_TEST_SUITE(http_head)

BOOST_AUTO_TEST_CASE(a_head_is_a_status_and_headers) {
    const auto head =
        parse_response_head("HTTP/1.1 404 Not Found\r\nContent-Length: 5 \r\nX:\r\nserver:\tnginx\r\n\r\n");
    BOOST_TEST(head.status == 404);
    BOOST_TEST(head.headers.size() == 3U);
    BOOST_TEST(head.header("content-length").value() == "5");
    BOOST_TEST(head.header("x").value() == "");
    BOOST_TEST(head.header("SERVER").value() == "nginx");
    BOOST_TEST(!head.header("Date").has_value());
}

BOOST_AUTO_TEST_CASE(careless_servers_are_understood) {
    BOOST_TEST(parse_response_head("HTTP/1.0 200\n\n").status == 200);
    BOOST_TEST(parse_response_head("HTTP/1.1 200 \r\n\n").status == 200);
    const auto head = parse_response_head("HTTP/1.1 200 OK\nA: b\n c\n\td\nA: e\n\n");
    BOOST_TEST(head.header("a").value() == "b c d, e");
}

BOOST_AUTO_TEST_CASE(what_is_not_http_is_refused) {
    for (const char* text : {"\r\n\r\n", "hello\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20\r\n\r\n",
                             "HTTP/1.1 2000\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1 099 X\r\n\r\n",
                             "HTTP/1.x 200 OK\r\n\r\n", "HTTP/1.1 -20 OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n"}) {
        BOOST_TEST_CONTEXT(text) { BOOST_CHECK_THROW(parse_response_head(text), HttpError); }
    }
}

BOOST_AUTO_TEST_CASE(a_line_that_is_no_header_is_refused) {
    for (const char* line : {"nonsense", ": value", "Content-Length : 5", "a b: c", " starts with a continuation"}) {
        BOOST_TEST_CONTEXT(line) {
            const std::string text = std::string("HTTP/1.1 200 OK\r\n") + line + "\r\n\r\n";
            BOOST_CHECK_THROW(parse_response_head(text), HttpError);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
