// The search for separators, against one that tries every place.
#include "stream/separators.hpp"

#include <random>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace cede {
namespace tests {

using detail::Separators;

namespace {

// The shortest prefix that ends with a separator which starts at `from` or later.
std::size_t first_end(const std::string& data, std::size_t from, const std::vector<std::string>& separators) {
    for (std::size_t end = from; end <= data.size(); ++end) {
        for (const std::string& separator : separators) {
            if (end >= from + separator.size() && data.compare(end - separator.size(), separator.size(), separator) == 0) {
                return end;
            }
        }
    }
    return std::string::npos;
}

std::string random_text(std::mt19937& random, std::size_t size, unsigned letters) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + random() % letters);
    return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(separators)

BOOST_AUTO_TEST_CASE(the_search_finds_what_trying_every_place_finds) {
    std::mt19937 random(2);
    for (int round = 0; round < 3000; ++round) {
        std::vector<std::string> wanted(1 + random() % 4);
        for (std::string& separator : wanted) separator = random_text(random, 1 + random() % 9, 5);
        const std::string data = random_text(random, random() % 3000, 5);
        const std::size_t from = random() % (data.size() + 3);
        const auto match = Separators(wanted).find(data, from);
        const std::size_t expected = first_end(data, from, wanted);
        BOOST_REQUIRE_EQUAL(match ? match->end : std::string::npos, expected);
        if (!match) continue;
        std::size_t shortest = std::string::npos;
        for (const std::string& separator : wanted) {
            const bool ends_there = match->end >= from + separator.size() &&
                                    data.compare(match->end - separator.size(), separator.size(), separator) == 0;
            if (ends_there) shortest = std::min(shortest, separator.size());
        }
        BOOST_REQUIRE_EQUAL(match->start, match->end - shortest);
    }
}

BOOST_AUTO_TEST_CASE(a_rare_separator_does_not_make_the_search_quadratic) {
    // 100,000 lines: looking for the other separator in all that follows each would take minutes.
    std::string data;
    for (int i = 0; i < 100000; ++i) data += "0123456789\n";
    const std::vector<std::string> strings{"!", "\n"};
    const Separators wanted(strings);
    std::size_t from = 0;
    int lines = 0;
    while (const auto match = wanted.find(data, from)) {
        from = match->end;
        ++lines;
    }
    BOOST_TEST(lines == 100000);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
