#include <boost/test/unit_test.hpp>

#include <chrono>

#include "base/huge_pages.hpp"

using cede::detail::HugePages;
using namespace std::chrono_literals;

namespace {

// How many pieces come from small pages until a huge one is wanted again.
int pieces_until_wanted(HugePages& pages) {
    int pieces = 0;
    while (!pages.wanted()) ++pieces;
    return pieces;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(huge_pages)

BOOST_AUTO_TEST_CASE(quick_ones_are_always_wanted) {
    HugePages pages;
    for (int i = 0; i < 1000; ++i) {
        BOOST_TEST(pages.wanted());
        pages.took(HugePages::slow() - 1ns);
    }
}

BOOST_AUTO_TEST_CASE(a_slow_one_is_the_last_for_a_while_and_for_longer_each_time) {
    HugePages pages;
    int before = 0;
    for (int i = 0; i < 5; ++i) {
        pages.took(HugePages::slow());
        const int pause = pieces_until_wanted(pages);
        BOOST_TEST(pause > before);
        before = pause;
    }
    for (int i = 0; i < 100; ++i) {
        pages.took(1h);
        before = pieces_until_wanted(pages);
    }
    pages.took(1h);
    BOOST_TEST(pieces_until_wanted(pages) == before);  // but not for ever longer
    BOOST_TEST(before < 100000);
}

BOOST_AUTO_TEST_CASE(a_quick_one_in_between_makes_the_next_pause_a_short_one) {
    HugePages pages;
    pages.took(HugePages::slow());
    const int first = pieces_until_wanted(pages);
    pages.took(HugePages::slow());
    BOOST_TEST(pieces_until_wanted(pages) > first);
    pages.took(1us);
    pages.took(HugePages::slow());
    BOOST_TEST(pieces_until_wanted(pages) == first);
}

BOOST_AUTO_TEST_SUITE_END()
