// The chunk list of what is not sent yet.
#include "net/write_buffer.hpp"

#include <string>

#include <boost/test/unit_test.hpp>

namespace cede {
namespace tests {
namespace {

using detail::WriteBuffer;

// Sends up to `most` bytes of the buffer, as a system would that takes no more.
std::string take(WriteBuffer& buffer, std::size_t most, std::size_t pieces = 64) {
    iovec described[64];
    std::string taken;
    const std::size_t count = buffer.fill(absl::MakeSpan(described, pieces));
    for (std::size_t i = 0; i < count && taken.size() < most; ++i) {
        const std::size_t some = std::min(most - taken.size(), described[i].iov_len);
        taken.append(static_cast<const char*>(described[i].iov_base), some);
    }
    buffer.consume(taken.size());
    return taken;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(write_buffer)

BOOST_AUTO_TEST_CASE(bytes_come_out_as_they_went_in_wherever_it_is_cut) {
    for (std::size_t cut : {1u, 7u, 1000u, 16384u, 100000u}) {
        WriteBuffer buffer;
        std::string expected, got;
        for (std::size_t size : {0u, 1u, 10u, 16000u, 1000u, 40000u, 3u, 16384u}) {
            const std::string bytes(size, static_cast<char>('a' + size % 26));
            buffer.append(bytes);
            expected += bytes;
            BOOST_TEST(buffer.size() == expected.size());
        }
        while (!buffer.empty()) {
            got += take(buffer, cut, cut % 3 + 1);
            BOOST_TEST(buffer.size() == expected.size() - got.size());
        }
        BOOST_TEST((got == expected));
    }
}

BOOST_AUTO_TEST_CASE(small_writes_are_joined) {
    WriteBuffer buffer;
    for (int i = 0; i < 1000; ++i) buffer.append("ten bytes.");
    iovec described[64];
    BOOST_TEST(buffer.fill(absl::MakeSpan(described)) == 1u);
    BOOST_TEST(described[0].iov_len == 10000u);
}

BOOST_AUTO_TEST_CASE(a_buffer_that_never_runs_empty_forgets_what_was_sent) {
    WriteBuffer buffer;
    const std::string chunk(20000, 'x');
    buffer.append(chunk);
    for (int i = 0; i < 10000; ++i) {
        buffer.append(chunk);
        BOOST_REQUIRE(take(buffer, chunk.size()).size() == chunk.size());
        BOOST_REQUIRE(buffer.size() == chunk.size());
    }
}

BOOST_AUTO_TEST_CASE(clear_drops_everything) {
    WriteBuffer buffer;
    buffer.append("abc");
    take(buffer, 1);
    buffer.clear();
    BOOST_TEST(buffer.empty());
    buffer.append("d");
    BOOST_TEST(take(buffer, 10) == "d");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
