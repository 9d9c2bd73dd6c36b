#include <boost/test/unit_test.hpp>

#include <string>

#include "fetch/text.hpp"

using fetch::decimal;
using fetch::human_bytes;
using fetch::json_string;
using fetch::printable;

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(numbers_are_as_long_as_they_need_to_be) {
    BOOST_TEST(decimal(2.5, 3) == "2.5");
    BOOST_TEST(decimal(30, 3) == "30");
    BOOST_TEST(decimal(100, 0) == "100");
    BOOST_TEST(decimal(0.0004, 3) == "0");
    BOOST_TEST(decimal(2, 1, true) == "2.0");
    BOOST_TEST(decimal(1e308, 1).size() == 309U);
}

BOOST_AUTO_TEST_CASE(bytes_have_the_unit_that_suits_them) {
    BOOST_TEST(human_bytes(0) == "0 B");
    BOOST_TEST(human_bytes(999) == "999 B");
    BOOST_TEST(human_bytes(1000) == "1.0 kB");
    BOOST_TEST(human_bytes(999949) == "999.9 kB");
    BOOST_TEST(human_bytes(999950) == "1.0 MB");
    BOOST_TEST(human_bytes(6100000) == "6.1 MB");
    BOOST_TEST(human_bytes(5000000000000000) == "5000.0 TB");
}

BOOST_AUTO_TEST_CASE(json_strings_are_escaped) {
    BOOST_TEST(json_string("") == "\"\"");
    BOOST_TEST(json_string("a\"b\\c/") == "\"a\\\"b\\\\c/\"");
    BOOST_TEST(json_string(absl::string_view("\n\0\x1f\x7f", 4)) == "\"\\u000a\\u0000\\u001f\\u007f\"");
    BOOST_TEST(json_string("\xC3\xBC \xE2\x82\xAC \xF0\x9F\x98\x80") == "\"\xC3\xBC \xE2\x82\xAC \xF0\x9F\x98\x80\"");
}

BOOST_AUTO_TEST_CASE(what_is_not_utf8_becomes_a_replacement_character) {
    BOOST_TEST(json_string("\xFF") == "\"\\ufffd\"");
    BOOST_TEST(json_string("a\xC3") == "\"a\\ufffd\"");
    BOOST_TEST(json_string("\xC3(") == "\"\\ufffd(\"");
    BOOST_TEST(json_string("\xC0\x80") == "\"\\ufffd\\ufffd\"");                  // longer than need be
    BOOST_TEST(json_string("\xED\xA0\x80") == "\"\\ufffd\\ufffd\\ufffd\"");       // a surrogate
    BOOST_TEST(json_string("\xF4\x90\x80\x80") == "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");  // beyond U+10FFFF
}

BOOST_AUTO_TEST_CASE(nothing_printed_moves_the_cursor) {
    BOOST_TEST(printable("plain \xC3\xBC") == "plain \xC3\xBC");
    BOOST_TEST(printable("\x1b[2J\r\n\x7f") == "?[2J???");
    BOOST_TEST(printable("\xC2\x9B") == "?");
    BOOST_TEST(printable("\xC2\xA0\xFF") == "\xC2\xA0?");
}

BOOST_AUTO_TEST_SUITE_END()
