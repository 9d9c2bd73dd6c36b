// What each read gives of what was fed, without and with waiting for it.
#include "cede/stream/stream_reader.hpp"

#include <stdexcept>
#include <string>

#include <boost/test/unit_test.hpp>

#include "cede/base/exceptions.hpp"
#include "stream/fixtures.hpp"

namespace cede {
namespace tests {

namespace {

const std::string data = "line1\nline2\nline3\n";

StreamReader fed(absl::string_view bytes, std::ptrdiff_t limit = StreamReader::default_limit) {
    StreamReader reader(limit);
    reader.feed_data(bytes);
    return reader;
}

StreamReader fed_to_the_end(absl::string_view bytes, std::ptrdiff_t limit = StreamReader::default_limit) {
    const StreamReader reader = fed(bytes, limit);
    reader.feed_eof();
    return reader;
}

// Feeds the pieces one by one, each in an iteration of its own, beside a task that reads.
void feed_later(const StreamReader& reader, std::vector<std::string> pieces, bool eof = false) {
    create_task([reader, pieces, eof] {
        for (const std::string& piece : pieces) {
            await(sleep(0s));
            reader.feed_data(piece);
        }
        if (eof) reader.feed_eof();
    });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(stream_reader)

BOOST_AUTO_TEST_CASE(STREAM_001_a_limit_of_zero_or_less_is_refused) {
    run([] {
        BOOST_CHECK_THROW(StreamReader(0), std::invalid_argument);
        BOOST_CHECK_THROW(StreamReader(-1), std::invalid_argument);
        BOOST_CHECK_THROW(StreamReader(0, get_running_loop()), std::invalid_argument);
        BOOST_CHECK_NO_THROW(StreamReader(1));
        BOOST_CHECK_NO_THROW(StreamReader(std::size_t(70000)));
    });
}

BOOST_AUTO_TEST_CASE(without_a_loop_there_is_no_reader) {
    BOOST_CHECK_THROW(StreamReader(), RuntimeError);
    const auto loop = new_event_loop();
    const StreamReader reader(16, *loop);
    reader.feed_data("x");
    BOOST_TEST(loop->run_until_complete(reader.read(5)) == "x");
}

BOOST_AUTO_TEST_CASE(an_empty_handle_says_so) {
    const StreamReader none = nullptr;
    BOOST_TEST(!none);
    BOOST_TEST(error_of([&] { static_cast<void>(none.read()); }) ==
               "this StreamReader is empty: it refers to no stream");
    BOOST_CHECK_THROW(none.at_eof(), RuntimeError);
    BOOST_CHECK_THROW(none.feed_data("x"), RuntimeError);
}

BOOST_AUTO_TEST_CASE(copies_refer_to_one_stream) {
    run([] {
        const StreamReader reader;
        const StreamReader copy = reader;
        BOOST_TEST((copy == reader));
        BOOST_TEST((copy != StreamReader()));
        copy.feed_data("abc");
        BOOST_TEST(await(reader.read(2)) == "ab");
        BOOST_TEST(await(copy.read(2)) == "c");
    });
}

BOOST_AUTO_TEST_CASE(feeding_nothing_changes_nothing) {
    run([] {
        const StreamReader reader;
        reader.feed_data("");
        BOOST_TEST(!reader.at_eof());
        reader.feed_eof();
        BOOST_TEST(reader.at_eof());
        reader.feed_eof();
        BOOST_TEST(error_of([&] { reader.feed_data("x"); }) == "feed_data after feed_eof");
    });
}

BOOST_AUTO_TEST_CASE(STREAM_002_read_n_gives_at_most_n_bytes_of_what_is_there) {
    run([] {
        const StreamReader reader = fed(data);
        BOOST_TEST(await(reader.read(0)) == "");
        BOOST_TEST(await(reader.read(5)) == "line1");
        BOOST_TEST(await(reader.read(1000)) == data.substr(5));
        feed_later(reader, {data});
        BOOST_TEST(await(reader.read(5)) == "line1");
        BOOST_TEST(await(reader.read(5)) == "\nline");
        reader.feed_eof();
        BOOST_TEST(await(reader.read(1000)) == "2\nline3\n");
        BOOST_TEST(await(reader.read(1000)) == "");
    });
}

BOOST_AUTO_TEST_CASE(STREAM_002_read_n_of_a_stream_that_ends_gives_nothing) {
    run([] {
        const StreamReader reader;
        feed_later(reader, {}, true);
        BOOST_TEST(await(reader.read(1024)) == "");
    });
}

BOOST_AUTO_TEST_CASE(STREAM_003_read_all_collects_until_the_end_however_small_the_limit) {
    run([] {
        const StreamReader reader(2);
        feed_later(reader, {"chunk1\n", "chunk2", std::string(5000, 'x')}, true);
        BOOST_TEST(await(reader.read(-1)) == "chunk1\nchunk2" + std::string(5000, 'x'));
        BOOST_TEST(reader.at_eof());
        BOOST_TEST(await(reader.read()) == "");
    });
}

BOOST_AUTO_TEST_CASE(STREAM_004_read_and_readexactly_are_not_bounded_by_the_limit) {
    run([] {
        BOOST_TEST(await(fed("chunk", 3).read(5)) == "chunk");
        BOOST_TEST(await(fed("chunkdata", 3).readexactly(5)) == "chunk");
    });
}

BOOST_AUTO_TEST_CASE(STREAM_005_a_line_comes_with_its_newline_from_any_number_of_chunks) {
    run([] {
        const StreamReader reader = fed("chunk1 ");
        feed_later(reader, {"chunk2 ", "chunk3 ", "\n chunk4", "", "x\ny"});
        BOOST_TEST(await(reader.readline()) == "chunk1 chunk2 chunk3 \n");
        BOOST_TEST(await(reader.readline()) == " chunk4x\n");
        BOOST_TEST(await(reader.read(100)) == "y");
    });
}

BOOST_AUTO_TEST_CASE(STREAM_005_lines_that_are_there_need_no_wait) {
    const auto loop = new_event_loop();
    const StreamReader reader(64, *loop);
    reader.feed_data(data);
    // Outside every task, where ceding is an error.
    BOOST_TEST(await(reader.readline()) == "line1\n");
    BOOST_TEST(await(reader.readexactly(6)) == "line2\n");
    BOOST_TEST(await(reader.read(100)) == "line3\n");
}

BOOST_AUTO_TEST_CASE(STREAM_006_the_unterminated_last_line_comes_as_it_is) {
    run([] {
        const StreamReader reader = fed_to_the_end("some data");
        BOOST_TEST(await(reader.readline()) == "some data");
        BOOST_TEST(await(reader.readline()) == "");
        BOOST_TEST(await(fed_to_the_end("").readline()) == "");
    });
}

BOOST_AUTO_TEST_CASE(STREAM_014_readexactly_waits_for_n_bytes_and_leaves_the_surplus) {
    run([] {
        const StreamReader reader = fed(data);
        BOOST_TEST(await(reader.readexactly(0)) == "");
        feed_later(reader, {data, data});
        BOOST_TEST(await(reader.readexactly(40)) == (data + data + data).substr(0, 40));
        BOOST_TEST(await(reader.readexactly(14)) == (data + data + data).substr(40));
        BOOST_TEST(error_of([&] { await(reader.readexactly(-1)); }) == "readexactly size can not be less than zero");
    });
}

BOOST_AUTO_TEST_CASE(readexactly_that_meets_the_end_throws_what_there_was) {
    run([] {
        const StreamReader reader = fed(data);
        feed_later(reader, {"more"}, true);
        try {
            await(reader.readexactly(100));
            BOOST_ERROR("no exception");
        } catch (const IncompleteReadError& error) {
            BOOST_TEST(error.partial() == data + "more");
            BOOST_TEST(error.expected().value() == 100u);
            BOOST_TEST(std::string(error.what()) == "22 bytes read on a total of 100 expected bytes");
        }
        BOOST_TEST(reader.at_eof());
    });
}

BOOST_AUTO_TEST_CASE(read_into_fills_the_callers_memory) {
    run([] {
        const StreamReader reader = fed("abcdef");
        char memory[4] = {};
        BOOST_TEST(await(reader.read_into(absl::MakeSpan(memory, 0))) == 0u);
        BOOST_TEST(await(reader.read_into(memory)) == 4u);
        BOOST_TEST(std::string(memory, 4) == "abcd");
        BOOST_TEST(await(reader.read_into(memory)) == 2u);
        BOOST_TEST(std::string(memory, 4) == "efcd");
        feed_later(reader, {"xyz"}, true);
        BOOST_TEST(await(reader.read_into(memory)) == 3u);
        BOOST_TEST(await(reader.read_into(memory)) == 0u);
        reader.set_exception(std::runtime_error("broken"));
        BOOST_TEST(error_of([&] { await(reader.read_into(memory)); }) == "broken");
    });
}

BOOST_AUTO_TEST_CASE(STREAM_015_after_set_exception_every_read_throws_it) {
    run([] {
        const StreamReader reader = fed(data);
        BOOST_TEST((reader.exception() == nullptr));
        BOOST_TEST(await(reader.read(2)) == "li");
        BOOST_CHECK_THROW(reader.set_exception(std::exception_ptr()), std::invalid_argument);
        reader.set_exception(std::out_of_range("gone"));
        BOOST_TEST(error_of([&] { std::rethrow_exception(reader.exception()); }) == "gone");
        char memory[4];
        BOOST_CHECK_THROW(await(reader.read(2)), std::out_of_range);
        BOOST_CHECK_THROW(await(reader.read(0)), std::out_of_range);
        BOOST_CHECK_THROW(await(reader.read()), std::out_of_range);
        BOOST_CHECK_THROW(await(reader.readline()), std::out_of_range);
        BOOST_CHECK_THROW(await(reader.readexactly(2)), std::out_of_range);
        BOOST_CHECK_THROW(await(reader.readexactly(0)), std::out_of_range);
        BOOST_CHECK_THROW(await(reader.readuntil("n")), std::out_of_range);
        BOOST_CHECK_THROW(await(reader.read_into(memory)), std::out_of_range);
    });
}

BOOST_AUTO_TEST_CASE(STREAM_017_at_eof_is_the_end_and_nothing_left) {
    run([] {
        const StreamReader reader;
        BOOST_TEST(!reader.at_eof());
        reader.feed_data("some data\n");
        BOOST_TEST(!reader.at_eof());
        reader.feed_eof();
        BOOST_TEST(!reader.at_eof());
        await(reader.read());
        BOOST_TEST(reader.at_eof());
    });
}

BOOST_AUTO_TEST_CASE(a_range_for_goes_over_the_lines) {
    run([] {
        const StreamReader reader;
        feed_later(reader, {"line1\nli", "ne2\n", "\nrest"}, true);
        std::string seen;
        for (const std::string& line : reader) seen += "[" + line + "]";
        BOOST_TEST(seen == "[line1\n][line2\n][\n][rest]");
        for (const std::string& line : reader) BOOST_ERROR("a line after the end: " + line);
    });
}

BOOST_AUTO_TEST_CASE(next_gives_line_after_line) {
    run([] {
        const StreamReader reader = fed_to_the_end("a\nb");
        BOOST_TEST(*await(reader.next()) == "a\n");
        BOOST_TEST(*await(reader.next()) == "b");
        BOOST_TEST(!await(reader.next()).has_value());
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
