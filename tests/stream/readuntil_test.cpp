// readuntil and readline: separators, and what the limit forbids.
#include <stdexcept>
#include <string>

#include <boost/test/unit_test.hpp>

#include "cede/stream/stream_reader.hpp"
#include "stream/fixtures.hpp"

namespace cede {
namespace tests {

namespace {

StreamReader fed(absl::string_view bytes, std::ptrdiff_t limit = StreamReader::default_limit) {
    StreamReader reader(limit);
    reader.feed_data(bytes);
    return reader;
}

// What is in the stream, without waiting for more.
std::string rest_of(const StreamReader& reader) {
    reader.feed_eof();
    return await(reader.read());
}

template <class Separator>
std::size_t overrun(const StreamReader& reader, Separator separator, std::string& message) {
    try {
        await(reader.readuntil(separator));
    } catch (const LimitOverrunError& error) {
        message = error.what();
        return error.consumed();
    }
    BOOST_ERROR("no LimitOverrunError");
    return 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(readuntil)

BOOST_AUTO_TEST_CASE(STREAM_007_a_line_of_the_limit_and_a_newline_is_accepted) {
    run([] {
        BOOST_TEST(await(fed("1234567\nx", 7).readline()) == "1234567\n");
        const StreamReader reader = fed("12345678\nx", 7);
        BOOST_CHECK_THROW(await(reader.readline()), std::invalid_argument);
        BOOST_TEST(rest_of(reader) == "x");
    });
}

BOOST_AUTO_TEST_CASE(STREAM_008_an_over_long_line_is_dropped_up_to_its_newline) {
    run([] {
        StreamReader reader = fed("li", 3);
        reader.feed_data("ne1\nline2\n");
        BOOST_TEST(error_of([&] { await(reader.readline()); }) == "Separator is found, but chunk is longer than limit");
        BOOST_TEST(rest_of(reader) == "line2\n");

        reader = fed("li", 3);
        reader.feed_data("ne1");
        reader.feed_data("li");
        BOOST_TEST(error_of([&] { await(reader.readline()); }) == "Separator is not found, and chunk exceed the limit");
        // The whole buffer is gone, and reading goes on behind it.
        reader.feed_data("o\n");
        BOOST_TEST(await(reader.readline()) == "o\n");
        BOOST_TEST(rest_of(reader) == "");
    });
}

BOOST_AUTO_TEST_CASE(STREAM_008_also_when_the_line_grows_too_long_while_it_is_awaited) {
    run([] {
        const StreamReader reader(7);
        create_task([reader] {
            for (const char* piece : {"chunk1", "chunk2", "chunk3\n"}) {
                await(sleep(0s));
                reader.feed_data(piece);
            }
            reader.feed_eof();
        });
        BOOST_CHECK_THROW(await(reader.readline()), std::invalid_argument);
        BOOST_TEST(await(reader.read()) == "chunk3\n");
    });
}

BOOST_AUTO_TEST_CASE(separators_are_taken_with_the_data) {
    run([] {
        const StreamReader reader = fed("key: value\r\na sentence.\r\nbody");
        BOOST_TEST(await(reader.readuntil(": ")) == "key: ");
        BOOST_TEST(await(reader.readuntil("\r\n")) == "value\r\n");
        BOOST_TEST(await(reader.readuntil('.')) == "a sentence.");
        BOOST_TEST(await(reader.readuntil()) == "\r\n");
        BOOST_TEST(rest_of(reader) == "body");
    });
}

BOOST_AUTO_TEST_CASE(a_separator_that_arrives_in_pieces_is_found) {
    run([] {
        const StreamReader reader;
        Task<std::string> read = create_task(reader.readuntil("SEPARATOR"));
        for (const char* piece : {"textSEPA", "textSEPARATO", "R", "SEP", "ARATORmore"}) {
            await(sleep(0s));
            reader.feed_data(piece);
            settle();
        }
        BOOST_TEST(await(read) == "textSEPAtextSEPARATOR");
        BOOST_TEST(await(reader.readuntil("SEPARATOR")) == "SEPARATOR");
        BOOST_TEST(rest_of(reader) == "more");
    });
}

BOOST_AUTO_TEST_CASE(a_separator_may_hold_any_byte) {
    run([] {
        const StreamReader reader = fed(absl::string_view("a\0b\0\0c", 6));
        BOOST_TEST((await(reader.readuntil(std::string(2, '\0'))) == std::string("a\0b\0\0", 5)));
        BOOST_TEST((await(reader.readuntil({"x", absl::string_view("c", 1)})) == "c"));
    });
}

BOOST_AUTO_TEST_CASE(STREAM_009_an_empty_separator_is_refused) {
    run([] {
        const StreamReader reader = fed("abc");
        BOOST_TEST(error_of([&] { await(reader.readuntil("")); }) == "Separator should be at least one-byte string");
        BOOST_TEST(error_of([&] { await(reader.readuntil({"x", ""})); }) == "Separator should be at least one-byte string");
        BOOST_TEST(error_of([&] { await(reader.readuntil(std::vector<std::string>())); }) ==
                   "Separator should contain at least one element");
        BOOST_TEST(rest_of(reader) == "abc");
    });
}

BOOST_AUTO_TEST_CASE(STREAM_010_the_end_without_a_separator_throws_what_there_was) {
    run([] {
        const StreamReader reader = fed("some dataAA");
        reader.feed_eof();
        try {
            await(reader.readuntil("AAA"));
            BOOST_ERROR("no exception");
        } catch (const IncompleteReadError& error) {
            BOOST_TEST(error.partial() == "some dataAA");
            BOOST_TEST(!error.expected().has_value());
            BOOST_TEST(std::string(error.what()) == "11 bytes read on a total of undefined expected bytes");
        }
        BOOST_TEST(reader.at_eof());
    });
}

BOOST_AUTO_TEST_CASE(a_separator_that_comes_with_the_end_is_found) {
    run([] {
        const StreamReader reader = fed("some ");
        Task<std::string> read = create_task(reader.readuntil("AAA"));
        await(sleep(0s));
        reader.feed_data("dataAAA");
        reader.feed_eof();
        BOOST_TEST(await(read) == "some dataAAA");
    });
}

BOOST_AUTO_TEST_CASE(STREAM_011_beyond_the_limit_nothing_is_taken) {
    run([] {
        std::string message;
        StreamReader reader = fed("some dataAA", 3);
        BOOST_TEST(overrun(reader, std::string("AAA"), message) == 9u);
        BOOST_TEST(message == "Separator is not found, and chunk exceed the limit");
        reader.feed_data("A");
        BOOST_TEST(overrun(reader, std::string("AAA"), message) == 9u);
        BOOST_TEST(message == "Separator is found, but chunk is longer than limit");
        BOOST_TEST(await(reader.readexactly(9)) == "some data");
        BOOST_TEST(await(reader.readuntil("AAA")) == "AAA");
    });
}

BOOST_AUTO_TEST_CASE(STREAM_012_of_several_separators_the_one_that_ends_first_counts) {
    run([] {
        // One separator within another, in either order.
        BOOST_TEST(await(fed("some\r\ndata").readuntil({"\r\n", "\n"})) == "some\r\n");
        for (const std::vector<std::string>& separators :
             {std::vector<std::string>{"AAB", "A"}, std::vector<std::string>{"A", "AAB"}}) {
            const StreamReader reader = fed("xxAAB");
            BOOST_TEST(await(reader.readuntil(separators)) == "xxA");
        }
        // The longer one starts first and ends last.
        BOOST_TEST(await(fed("a<abc>b").readuntil({"<abc>", "b"})) == "a<ab");
        BOOST_TEST(await(fed("one;two,three").readuntil({",", ";"})) == "one;");
        BOOST_TEST(await(fed("one").readuntil({"e"})) == "one");
    });
}

BOOST_AUTO_TEST_CASE(STREAM_013_the_limit_is_judged_on_the_shortest_match) {
    run([] {
        std::string message;
        const std::vector<std::string> separators{"A", "long separator"};
        StreamReader reader = fed("some dataA", 3);
        BOOST_TEST(overrun(reader, separators, message) == 9u);
        BOOST_TEST(message == "Separator is found, but chunk is longer than limit");
        BOOST_TEST(rest_of(reader) == "some dataA");
        BOOST_TEST(await(fed("xyzA", 3).readuntil(separators)) == "xyzA");
    });
}

BOOST_AUTO_TEST_CASE(STREAM_013_separators_longer_than_the_data_are_no_obstacle) {
    run([] {
        const StreamReader reader = fed("data");
        Task<std::string> read = create_task(reader.readuntil({"A", "long sep"}));
        settle();
        reader.feed_data("Z");
        settle();
        BOOST_TEST(!read.done());
        reader.feed_data("long ");
        settle();
        reader.feed_data("sepmore");
        BOOST_TEST(await(read) == "dataZlong sep");
        BOOST_TEST(rest_of(reader) == "more");
    });
}

BOOST_AUTO_TEST_CASE(a_separator_is_kept_by_the_read) {
    run([] {
        const StreamReader reader = fed("");
        Task<std::string> read;
        {
            std::string separator = "=separator=";
            read = create_task(reader.readuntil(absl::string_view(separator).substr(0, 10)));
            separator.assign(separator.size(), '?');
        }
        reader.feed_data("data=separator=");
        BOOST_TEST(await(read) == "data=separator");
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
