// A switch keeps each fiber's exceptions to itself: C++ keeps "what is being caught" and "how many are in flight" per
// thread, so a switch that forgets them hands one fiber's exception to another.
#include <boost/test/unit_test.hpp>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "cede/fiber/fiber.hpp"
#include "fiber/fixtures.hpp"
#include "fiber/unwinding.hpp"

using cede::Fiber;
using cede::tests::Strand;

namespace {

std::string text_of(const std::exception_ptr& exception) {
    if (!exception) return "nothing";
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception& error) {
        return error.what();
    }
}
std::string caught_now() { return text_of(std::current_exception()); }

}  // namespace

BOOST_AUTO_TEST_SUITE(fiber_switch)

BOOST_AUTO_TEST_CASE(control_goes_back_and_forth) {
    std::string trace;
    Strand strand([&](Strand& self) {
        trace += 'b';
        self.pause();
        trace += 'd';
    });
    BOOST_TEST(!strand.fiber().has_stack());
    trace += 'a';
    strand.resume();
    BOOST_TEST(strand.fiber().has_stack());
    trace += 'c';
    strand.resume();
    BOOST_TEST(trace == "abcd");
    BOOST_TEST(strand.done());
    BOOST_TEST(!strand.fiber().has_stack());
    BOOST_TEST(strand.fiber().stack_size() == 0U);
}

BOOST_AUTO_TEST_CASE(current_is_the_fiber_that_runs) {
    Fiber& outside = Fiber::current();
    const Fiber* inside = nullptr;
    Strand strand([&](Strand&) { inside = &Fiber::current(); });
    const Fiber* const expected = &strand.fiber();
    strand.resume();
    BOOST_TEST(inside == expected);
    BOOST_TEST(&Fiber::current() == &outside);
}

BOOST_AUTO_TEST_CASE(a_fiber_cannot_be_started_twice) {
    Strand strand([](Strand& self) { self.pause(); });
    strand.resume();
    BOOST_CHECK_THROW(strand.fiber().start([](void*) -> Fiber& { return Fiber::current(); }, nullptr, 0), std::logic_error);
    strand.resume();
}

// CORO-027
BOOST_AUTO_TEST_CASE(several_fibers_wait_in_their_own_catch_blocks_and_rethrow_in_turn) {
    std::vector<std::string> seen(4);
    std::vector<std::unique_ptr<Strand>> strands;
    for (std::size_t i = 0; i < seen.size(); ++i) {
        strands.emplace_back(new Strand([&seen, i](Strand& self) {
            try {
                try {
                    throw std::runtime_error("error " + std::to_string(i));
                } catch (const std::exception& error) {
                    self.pause();
                    seen[i] = error.what() + ("/" + caught_now());
                    self.pause();
                    throw;
                }
            } catch (const std::exception& error) {
                seen[i] += std::string("/") + error.what();
            }
            seen[i] += "/" + caught_now();
        }));
    }
    const std::vector<std::vector<std::size_t>> turns{{0, 1, 2, 3}, {2, 0, 3, 1}, {1, 3, 0, 2}};
    for (const auto& turn : turns) {
        for (std::size_t i : turn) {
            strands[i]->resume();
            BOOST_TEST(caught_now() == "nothing");
        }
    }
    for (std::size_t i = 0; i < seen.size(); ++i) {
        const std::string error = "error " + std::to_string(i);
        BOOST_TEST(seen[i] == error + "/" + error + "/" + error + "/nothing");
    }
}

BOOST_AUTO_TEST_CASE(a_fiber_started_in_a_catch_block_begins_without_an_exception) {
    try {
        throw std::runtime_error("outer");
    } catch (const std::exception&) {
        std::string at_start;
        std::string after;
        Strand strand([&](Strand& self) {
            at_start = caught_now();
            try {
                throw std::runtime_error("inner");
            } catch (const std::exception&) {
                self.pause();
                after = caught_now();
            }
        });
        strand.resume();
        BOOST_TEST(caught_now() == "outer");
        strand.resume();
        BOOST_TEST(at_start == "nothing");
        BOOST_TEST(after == "inner");
        BOOST_TEST(caught_now() == "outer");
    }
}

BOOST_AUTO_TEST_CASE(nested_handlers_keep_their_order) {
    std::vector<std::string> seen;
    Strand strand([&](Strand& self) {
        try {
            throw std::runtime_error("first");
        } catch (const std::exception&) {
            try {
                throw std::runtime_error("second");
            } catch (const std::exception&) {
                self.pause();
                seen.push_back(caught_now());
                try {
                    throw;
                } catch (const std::exception& again) {
                    self.pause();
                    seen.push_back(again.what());
                }
            }
            self.pause();
            seen.push_back(caught_now());
        }
        seen.push_back(caught_now());
    });
    while (!strand.done()) {
        strand.resume();
        try {
            throw std::runtime_error("elsewhere");
        } catch (const std::exception&) {
        }
    }
    BOOST_CHECK((seen == std::vector<std::string>{"second", "second", "first", "nothing"}));
}

BOOST_AUTO_TEST_CASE(one_exception_may_be_handled_by_several_fibers_at_once) {
    const auto shared = std::make_exception_ptr(std::runtime_error("shared"));
    std::vector<std::unique_ptr<Strand>> strands;
    int handled = 0;
    for (int i = 0; i < 3; ++i) {
        strands.emplace_back(new Strand([&](Strand& self) {
            try {
                std::rethrow_exception(shared);
            } catch (const std::exception& error) {
                self.pause();
                if (error.what() == std::string("shared") && caught_now() == "shared") ++handled;
            }
        }));
    }
    for (int round = 0; round < 2; ++round) {
        for (auto& strand : strands) strand->resume();
    }
    BOOST_TEST(handled == 3);
    BOOST_TEST(text_of(shared) == "shared");
}

BOOST_AUTO_TEST_CASE(a_fiber_left_while_it_unwinds_does_not_make_others_unwind) {
    struct PausesWhenDestroyed {
        Strand& strand;
        bool& unwinding_after;
        ~PausesWhenDestroyed() {
            strand.pause();
            unwinding_after = cede::detail::is_unwinding();
        }
    };
    bool before = false;
    bool after = false;
    std::string caught;
    Strand strand([&](Strand& self) {
        try {
            const PausesWhenDestroyed pauses{self, after};
            throw std::runtime_error("unwinds");
        } catch (const std::exception& error) {
            caught = error.what();
        }
        before = cede::detail::is_unwinding();
    });
    strand.resume();
    BOOST_TEST(strand.fiber().suspended_while_unwinding());
    BOOST_TEST(!cede::detail::is_unwinding());
    Strand other([](Strand& self) {
        BOOST_TEST(!cede::detail::is_unwinding());
        try {
            throw std::runtime_error("other");
        } catch (const std::exception&) {
            self.pause();
        }
    });
    other.resume();
    BOOST_TEST(!other.fiber().suspended_while_unwinding());  // handling is not unwinding
    strand.resume();
    other.resume();
    BOOST_TEST(after);
    BOOST_TEST(!before);
    BOOST_TEST(caught == "unwinds");
}

BOOST_AUTO_TEST_CASE(fibers_may_resume_fibers) {
    int depth_reached = 0;
    std::function<void(int)> descend = [&](int depth) {
        depth_reached = depth;
        if (depth == 50) throw std::runtime_error("bottom");
        std::exception_ptr error;
        Strand strand([&](Strand&) {
            try {
                descend(depth + 1);
            } catch (...) {
                error = std::current_exception();
            }
        });
        strand.resume();
        if (error) std::rethrow_exception(error);
    };
    BOOST_CHECK_EXCEPTION(descend(0), std::runtime_error, [](const std::exception& e) { return e.what() == std::string("bottom"); });
    BOOST_TEST(depth_reached == 50);
}

BOOST_AUTO_TEST_SUITE_END()
