// The bytes of a reader: against a plain string, and how often they move.
#include "stream/byte_buffer.hpp"

#include <random>
#include <string>

#include <boost/test/unit_test.hpp>

#include "support/allocation_counter.hpp"
#include "support/instrumentation.hpp"

namespace cede {
namespace tests {

using detail::ByteBuffer;

BOOST_AUTO_TEST_SUITE(byte_buffer)

BOOST_AUTO_TEST_CASE(it_holds_what_a_string_would) {
    std::mt19937 random(1);
    ByteBuffer buffer;
    std::string model;
    for (int i = 0; i < 20000; ++i) {
        const std::size_t count = random() % (random() % 20 == 0 ? 20000 : 50);
        if (random() % 2 == 0) {
            const std::string bytes(count, static_cast<char>(random()));
            buffer.append(bytes);
            model += bytes;
        } else {
            const std::size_t taken = std::min(count, model.size());
            if (random() % 2 == 0) {
                BOOST_REQUIRE(buffer.take(taken) == model.substr(0, taken));
            } else {
                buffer.consume(taken);
            }
            model.erase(0, taken);
        }
        BOOST_REQUIRE(buffer.view() == model);
        BOOST_REQUIRE_EQUAL(buffer.size(), model.size());
        BOOST_REQUIRE_EQUAL(buffer.empty(), model.empty());
    }
}

BOOST_AUTO_TEST_CASE(taking_from_the_front_does_not_move_the_rest) {
    ByteBuffer buffer;
    buffer.append(std::string(1 << 20, 'x'));
    const char* const end = buffer.view().data() + buffer.size();
    for (int i = 0; i < 1 << 14; ++i) {
        buffer.consume(32);
        BOOST_REQUIRE(buffer.view().data() + buffer.size() == end);
    }
}

// A queue of constant length, through which many bytes go: the work is proportional to the bytes, and so is the room to
// the length.
BOOST_AUTO_TEST_CASE(a_byte_is_moved_a_bounded_number_of_times) {
    ByteBuffer buffer;
    buffer.append(std::string(100000, 'x'));
    std::size_t moved = 0;
    const std::string piece(100, 'y');
    for (int i = 0; i < 100000; ++i) {
        const char* const before = buffer.view().data();
        buffer.append(piece);
        if (buffer.view().data() != before) moved += buffer.size();
        buffer.consume(piece.size());
    }
    BOOST_TEST(moved < 2u * 100000 * piece.size());
    BOOST_TEST(buffer.capacity() < 500000u);
}

BOOST_AUTO_TEST_CASE(the_memory_of_a_burst_is_given_back_and_that_of_steady_use_kept) {
    ByteBuffer buffer;
    buffer.append(std::string(1 << 20, 'x'));
    buffer.consume(1 << 20);
    BOOST_TEST(buffer.capacity() <= ByteBuffer::kept_when_empty);
    buffer.append(std::string(2000, 'x'));
    buffer.consume(2000);
    const AllocationCounter counter;
    for (int i = 0; i < 100; ++i) {
        buffer.append("some message");
        buffer.consume(4);
        buffer.append("another");
        buffer.consume(15);
    }
    const std::size_t allocations = counter.count();
    BOOST_TEST(allocations == 0u);
}

BOOST_AUTO_TEST_CASE(the_blocks_of_busy_buffers_serve_in_turn) {
    const std::string message(16384, 'x');
    char out[16384];
    const auto pass_through = [&] {
        ByteBuffer buffer;
        buffer.append(message);
        buffer.view().copy(out, sizeof out);
        buffer.consume(message.size());
    };
    pass_through();
    const AllocationCounter counter;
    for (int i = 0; i < 100; ++i) pass_through();
    BOOST_TEST(counter.count() <= (under_asan || under_tsan ? 100u : 0u));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
