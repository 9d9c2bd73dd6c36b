// Bodies are fed to a StreamReader by hand, in every way of cutting them into two pieces: where a piece ends is where a
// parser has its bugs.
#include <boost/test/unit_test.hpp>

#include <string>

#include <cede/stream/stream_reader.hpp>
#include <cede/task/run.hpp>
#include <cede/task/sleep.hpp>
#include <cede/task/task.hpp>

#include "fetch/http_body.hpp"

namespace {

using fetch::BodyReader;
using fetch::HttpError;

fetch::ResponseHead head_with(const std::string& headers, int status = 200) {
    return fetch::parse_response_head("HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers + "\r\n");
}

struct Outcome {
    std::string body;
    std::string error;  // empty when the body ended properly
    std::string rest;   // what the body left in the stream
};

// `cut`: how many bytes arrive before the reader begins to wait; the others arrive while it does.
Outcome read_all(const fetch::ResponseHead& head, const std::string& sent, std::size_t cut, bool head_only = false) {
    return cede::run([&] {
        const cede::StreamReader reader;
        reader.feed_data(sent.substr(0, cut));
        const auto feeding = cede::create_task([reader, late = sent.substr(cut)] {
            reader.feed_data(late);
            reader.feed_eof();
        });
        Outcome outcome;
        try {
            BodyReader body(reader, head, head_only);
            for (std::string piece = body.read(); !piece.empty(); piece = body.read()) outcome.body += piece;
            BOOST_TEST(body.read() == "");  // the end stays the end
        } catch (const HttpError& error) {
            outcome.error = error.what();
        }
        await(feeding);
        outcome.rest = await(reader.read());
        return outcome;
    });
}

void check_body(const fetch::ResponseHead& head, const std::string& sent, const std::string& body,
                const std::string& rest = "") {
    for (std::size_t cut = 0; cut <= sent.size(); ++cut) {
        BOOST_TEST_CONTEXT("cut after " << cut) {
            const Outcome outcome = read_all(head, sent, cut);
            BOOST_TEST(outcome.error == "");
            BOOST_TEST(outcome.body == body);
            BOOST_TEST(outcome.rest == rest);
        }
    }
}

void check_error(const fetch::ResponseHead& head, const std::string& sent, const std::string& error) {
    for (std::size_t cut = 0; cut <= sent.size(); ++cut) {
        BOOST_TEST_CONTEXT("'" << sent << "' cut after " << cut) {
            const Outcome outcome = read_all(head, sent, cut);
            BOOST_TEST_INFO(outcome.error);
            BOOST_TEST((outcome.error.find(error) != std::string::npos));
        }
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_body)

BOOST_AUTO_TEST_CASE(a_body_of_known_length_ends_after_it) {
    check_body(head_with("Content-Length: 5\r\n"), "helloHTTP", "hello", "HTTP");
    check_body(head_with("Content-Length: 0\r\n"), "x", "", "x");
    check_body(head_with("Content-Length: 5, 5\r\nContent-Length: 005\r\n"), "hello", "hello");
    check_error(head_with("Content-Length: 5\r\n"), "hell", "after 4 of 5 bytes");
    check_error(head_with("Content-Length: 5\r\n"), "", "after 0 of 5 bytes");
}

BOOST_AUTO_TEST_CASE(a_length_that_makes_no_sense_is_refused) {
    for (const char* value : {"", "-1", "+5", "5 6", "0x5", "5,6", "5,", "18446744073709551616", "999999999999999999999"}) {
        check_error(head_with(std::string("Content-Length: ") + value + "\r\n"), "", "malformed response");
    }
}

BOOST_AUTO_TEST_CASE(chunks_are_put_together) {
    const auto head = head_with("Transfer-Encoding: Chunked\r\nContent-Length: 3\r\n");
    check_body(head, "5\r\nhello\r\n0\r\n\r\n", "hello");
    check_body(head, "5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\nrest", "hello, world", "rest");
    check_body(head, "00a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\n", "01234567890123456789");
    check_body(head, "0\r\n\r\n", "");
    check_body(head, "2\nab\n0\n\n", "ab");
    check_body(head, "2\r\n\r\n\r\n0\r\n\r\n", "\r\n");
}

BOOST_AUTO_TEST_CASE(extensions_and_trailers_are_skipped) {
    const auto head = head_with("Transfer-Encoding: chunked\r\n");
    check_body(head, "2;a=b;c=\"d\"\r\nab\r\n0 ; last\r\nExpires: never\r\nX: y\r\n\r\n", "ab");
    check_error(head, "0\r\n" + std::string(600, 'x') + "\r\n", "truncated");
}

BOOST_AUTO_TEST_CASE(a_chunked_body_that_stops_anywhere_is_truncated) {
    const auto head = head_with("Transfer-Encoding: chunked\r\n");
    const std::string all = "5;x\r\nhello\r\n3\r\nyou\r\n0\r\nT: v\r\n\r\n";
    for (std::size_t sent = 0; sent < all.size(); ++sent) check_error(head, all.substr(0, sent), "truncated body");
}

BOOST_AUTO_TEST_CASE(chunks_that_make_no_sense_are_refused) {
    const auto head = head_with("Transfer-Encoding: chunked\r\n");
    for (const char* sent : {"\r\n", "x\r\n", "-1\r\n", "5 5\r\n", "0x5\r\n", ";a\r\n", " 5\r\n",
                             "2\r\nabc\r\n0\r\n\r\n", "10000000000000000\r\n", "fffffffffffffffffffffffff\r\n"}) {
        check_error(head, sent, "malformed response");
    }
}

BOOST_AUTO_TEST_CASE(an_endless_line_or_trailer_is_refused) {
    const auto head = head_with("Transfer-Encoding: chunked\r\n");
    BOOST_TEST(read_all(head, std::string(200000, '1'), 100000).error ==
               "malformed response: a line between chunks has no end");
    std::string trailers = "0\r\n";
    for (int i = 0; i < 2000; ++i) trailers += "X: " + std::string(50, 'y') + "\r\n";
    BOOST_TEST(read_all(head, trailers, 3).error == "malformed response: no end of trailers");
}

BOOST_AUTO_TEST_CASE(without_a_length_the_connections_end_is_the_end) {
    check_body(head_with(""), "hello", "hello");
    check_body(head_with("Connection: close\r\n"), "", "");
}

BOOST_AUTO_TEST_CASE(some_responses_have_no_body_whatever_they_say) {
    for (const int status : {204, 304}) check_body(head_with("Content-Length: 5\r\n", status), "rest", "", "rest");
    const Outcome outcome = read_all(head_with("Content-Length: 5\r\n"), "rest", 0, true);
    BOOST_TEST(outcome.error == "");
    BOOST_TEST(outcome.body == "");
    BOOST_TEST(outcome.rest == "rest");
}

BOOST_AUTO_TEST_CASE(a_coding_that_nobody_asked_for_is_refused) {
    for (const char* coding : {"gzip, chunked", "identity", "chunked, chunked", ""}) {
        check_error(head_with(std::string("Transfer-Encoding: ") + coding + "\r\n"), "", "transfer coding");
    }
}

BOOST_AUTO_TEST_SUITE_END()
