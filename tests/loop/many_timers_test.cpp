// LOOP-006 to 008 with more timers than the heap of those that are next takes: order, cancellation, memory, want of memory.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>
#include <memory>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include "base/sanitizers.hpp"
#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/allocation_counter.hpp"

using namespace cede;
using namespace std::chrono_literals;
using cede::tests::AllocationCounter;

namespace {

struct Loop : testing::VirtualTimeLoop {
    using VirtualTimeLoop::scheduled_count;
};

using Random = std::mt19937;
using Delay = Duration (*)(Random& random, int number);

// Sets timers, some from others' callbacks, cancels some, and keeps a list of what must run in which order.
class Crowd {
public:
    Crowd(Delay delay, int count) : delay_(delay), to_come_(count) {
        for (int i = 0; i < count / 2; ++i) set();
    }
    void check() {
        BOOST_CHECK_THROW(loop_.run_forever(), testing::DeadlockError);
        std::vector<std::pair<TimePoint, int>> expected;
        for (std::size_t i = 0; i < timers_.size(); ++i) {
            if (!cancelled_[i]) expected.emplace_back(timers_[i].when(), static_cast<int>(i));
        }
        std::sort(expected.begin(), expected.end());
        BOOST_TEST(ran_.size() == expected.size());
        BOOST_TEST((ran_ == expected));
        BOOST_TEST(loop_.scheduled_count() == 0U);
    }

private:
    void set() {
        const int number = static_cast<int>(timers_.size());
        --to_come_;
        timers_.push_back(loop_.call_later(delay_(random_, number), [this, number] { runs(number); }));
        over_.push_back(false);
        cancelled_.push_back(false);
        if (number % 4 == 0) cancel(random_() % timers_.size());
    }
    void cancel(std::size_t number) {
        if (over_[number]) return;
        timers_[number].cancel();
        over_[number] = cancelled_[number] = true;
    }
    void runs(int number) {
        over_[static_cast<std::size_t>(number)] = true;
        ran_.emplace_back(timers_[static_cast<std::size_t>(number)].when(), number);
        for (int i = 0; i < 2 && to_come_ > 0; ++i) set();
    }

    Loop loop_;
    Delay delay_;
    int to_come_;
    Random random_{20261130};
    std::vector<TimerHandle> timers_;
    std::vector<bool> over_;  // run or cancelled
    std::vector<bool> cancelled_;
    std::vector<std::pair<TimePoint, int>> ran_;
};

Duration evenly(Random& random, int) { return std::chrono::nanoseconds(1 + random() % 1000000000); }
Duration at_few_times(Random& random, int) { return std::chrono::seconds(1 + random() % 3); }
Duration at_one_time(Random&, int) { return 1s; }
Duration sooner_and_sooner(Random&, int number) { return std::chrono::microseconds(1000000 - number); }
Duration later_and_later(Random&, int number) { return std::chrono::microseconds(number + 1); }
Duration over_all_magnitudes(Random& random, int) {
    return std::chrono::nanoseconds((std::uint64_t{1} << random() % 60) + random() % 3);
}
Duration mostly_now_and_some_never(Random& random, int) {
    return random() % 3 == 0 ? Duration::max() : Duration(std::chrono::milliseconds(random() % 20));
}

// Zero where the system does not say.
std::size_t resident_bytes() {
    std::size_t all = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> all >> resident;
    return resident * 4096;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(many_timers)

BOOST_AUTO_TEST_CASE(they_run_by_time_and_at_one_time_as_they_were_made) {
    for (const Delay delay : {&evenly, &at_few_times, &at_one_time, &sooner_and_sooner, &later_and_later, &over_all_magnitudes}) {
        for (const int count : {2000, 30000}) Crowd(delay, count).check();
    }
}

BOOST_AUTO_TEST_CASE(the_ends_of_the_clock_are_times_as_others) {
    Loop loop;
    Random random(5);
    int ran = 0;
    std::vector<TimerHandle> timers;
    for (int i = 0; i < 5000; ++i) {
        timers.push_back(loop.call_later(mostly_now_and_some_never(random, i), [&] { ++ran; }));
        timers.push_back(loop.call_at(i % 2 == 0 ? TimePoint::min() : TimePoint::max(), [&] { ++ran; }));
    }
    const auto ends = [](const TimerHandle& timer) { return timer.when() != TimePoint::max(); };
    BOOST_CHECK_THROW(loop.run_forever(), testing::DeadlockError);
    BOOST_TEST(ran == std::count_if(timers.begin(), timers.end(), ends));
    BOOST_TEST(loop.scheduled_count() == timers.size() - static_cast<std::size_t>(ran));
}

// A cancelled one leaves nothing of the user's behind, wherever it was.
BOOST_AUTO_TEST_CASE(cancelling_drops_what_the_callback_and_the_context_hold) {
    Loop loop;
    ContextVar<std::shared_ptr<int>> variable("variable");
    const auto held = std::make_shared<int>(1);
    const TimePoint begin = loop.time();
    std::vector<TimerHandle> timers;
    for (int i = 0; i < 10000; ++i) {
        copy_context().run([&] {
            variable.set(held);
            timers.push_back(loop.call_later(std::chrono::seconds(i + 1), [held] {}));
        });
    }
    BOOST_TEST(held.use_count() > 10000);
    for (const TimerHandle& timer : timers) timer.cancel();
    BOOST_TEST(held.use_count() == 1);
    BOOST_TEST(loop.scheduled_count() == 0U);
    BOOST_CHECK_THROW(loop.run_forever(), testing::DeadlockError);
    BOOST_TEST((loop.time() == begin));  // nobody waits for one
}

// Timeouts that never expire: each is set, and cancelled soon after. What stays of one is dropped before there are many.
BOOST_AUTO_TEST_CASE(what_is_set_and_cancelled_again_and_again_takes_no_memory) {
    Loop loop;
    for (int i = 0; i < 2000; ++i) loop.call_later(1s, [] {});  // due before them, and so in their way
    std::vector<TimerHandle> timers(3000);
    const auto rounds = [&](int count) {
        for (int i = 0; i < count; ++i) {
            for (TimerHandle& timer : timers) {
                timer.cancel();
                timer = loop.call_later(30s, [] {});
            }
        }
    };
    rounds(10);
    const std::size_t before = resident_bytes();
    const AllocationCounter counter;
    rounds(200);
    const std::size_t allocations = counter.count();
    if (AllocationCounter::available()) {
        BOOST_TEST(allocations < 20U);  // the last range grows to its largest
        BOOST_TEST(resident_bytes() < before + (std::size_t{16} << 20));  // of 110 MiB for all of them
    }
    BOOST_TEST(loop.scheduled_count() == timers.size() + 2000U);
}

BOOST_AUTO_TEST_CASE(thousands_that_are_set_anew_allocate_nothing_in_the_long_run) {
    Loop loop;
    Random random(11);
    std::size_t left = 100000;
    struct Again {
        Loop& loop;
        Random& random;
        std::size_t& left;
        void operator()() const {
            if (--left == 0) return loop.stop();
            loop.call_later(evenly(random, 0), *this);
        }
    };
    for (int i = 0; i < 5000; ++i) loop.call_later(evenly(random, 0), Again{loop, random, left});
    loop.run_forever();
    left = 100000;
    const AllocationCounter counter;
    loop.run_forever();
    const std::size_t allocations = counter.count();
    if (AllocationCounter::available()) BOOST_TEST(allocations < 100U);  // one in a thousand
}

// Two crowds, each of one instant, that are set again for a later one as they run: the second lies ready all the time, and is
// appended to before it is used up.
BOOST_AUTO_TEST_CASE(crowds_that_take_turns_run_in_order_and_take_no_memory) {
    Loop loop;
    constexpr std::size_t crowd = 3000;
    std::vector<std::pair<TimePoint, std::size_t>> ran;
    ran.reserve(2 * crowd);
    const TimePoint begin = loop.time();
    std::size_t left = 0;
    struct Again {
        Loop& loop;
        std::vector<std::pair<TimePoint, std::size_t>>& ran;
        std::size_t& left;
        TimePoint when;
        std::size_t number;
        void operator()() const {
            if (ran.size() == 2 * crowd) ran.clear();
            ran.emplace_back(when, number);
            if (--left == 0) loop.stop();
            loop.call_at(when + 1s, Again{loop, ran, left, when + 1s, number});
        }
    };
    for (std::size_t i = 0; i < 2 * crowd; ++i) {
        const TimePoint when = begin + (i < crowd ? Duration(1s) : Duration(1500ms));
        loop.call_at(when, Again{loop, ran, left, when, i});
    }
    const auto rounds = [&](std::size_t count) {
        left = count * 2 * crowd;
        loop.run_forever();
        return std::is_sorted(ran.begin(), ran.end()) && ran.size() == 2 * crowd;
    };
    BOOST_TEST(rounds(5));
    const std::size_t before = resident_bytes();
    BOOST_TEST(rounds(200));
    if (AllocationCounter::available()) BOOST_TEST(resident_bytes() < before + (std::size_t{8} << 20));  // of 20 MiB of entries
}

// More than may lie about cancelled are cancelled, at random.
BOOST_AUTO_TEST_CASE(those_that_are_left_of_many_cancelled_ones_run_in_order) {
    Loop loop;
    Random random(17);
    std::vector<std::pair<TimePoint, int>> ran, expected;
    std::vector<TimerHandle> timers;
    for (int i = 0; i < 20000; ++i) {
        const TimePoint when = loop.time() + evenly(random, i) / 1000 * 1000000;  // so that many share a time
        timers.push_back(loop.call_at(when, [&ran, when, i] { ran.emplace_back(when, i); }));
    }
    std::vector<int> numbers(timers.size());
    std::iota(numbers.begin(), numbers.end(), 0);
    std::shuffle(numbers.begin(), numbers.end(), random);
    for (std::size_t i = 0; i < 19000; ++i) timers[static_cast<std::size_t>(numbers[i])].cancel();
    for (std::size_t i = 19000; i < numbers.size(); ++i) {
        expected.emplace_back(timers[static_cast<std::size_t>(numbers[i])].when(), numbers[i]);
    }
    std::sort(expected.begin(), expected.end());
    BOOST_TEST(loop.scheduled_count() == expected.size());
    BOOST_CHECK_THROW(loop.run_forever(), testing::DeadlockError);
    BOOST_TEST((ran == expected));
}

// What a callback has captured may cancel and set timers as it is destroyed: by a cancellation, by its end, by the loop's.
BOOST_AUTO_TEST_CASE(captures_may_cancel_and_set_timers_as_they_die) {
    std::vector<TimerHandle> timers;
    int ran = 0;
    {
        const auto short_lived = new_event_loop();
        struct Meddles {
            EventLoop& loop;
            std::vector<TimerHandle>& timers;
            std::size_t number;
            Meddles(EventLoop& of, std::vector<TimerHandle>& all, std::size_t own) : loop(of), timers(all), number(own) {}
            ~Meddles() {
                timers[9999 - number].cancel();
                timers[number].cancel();
                if (!loop.is_closed()) timers[number] = loop.call_later(1h, [] {});
            }
        };
        timers.resize(10000);
        for (std::size_t i = 0; i < 10000; ++i) {
            const auto captured = std::make_shared<Meddles>(*short_lived, timers, i);
            timers[i] = short_lived->call_later(std::chrono::milliseconds(i < 3000 ? 0 : 3600000 + i), [captured, &ran] { ++ran; });
        }
        for (std::size_t i = 4000; i < 6000; ++i) timers[i].cancel();
        short_lived->call_later(100ms, [&] { short_lived->stop(); });
        short_lived->run_forever();
        for (std::size_t i = 6000; i < 7000; ++i) timers[i].cancel();
    }
    BOOST_TEST(ran > 0);
    for (const TimerHandle& timer : timers) timer.cancel();  // they outlive their loop
}

#if !CEDE_TSAN  // whose own operator new cannot stand beside the one that lets allocations fail
// Without memory for a division a range is sorted where it is; without memory for a range the heap grows.
BOOST_AUTO_TEST_CASE(want_of_memory_changes_no_order) {
    struct Ran {
        std::vector<std::pair<TimePoint, std::size_t>> all;
        std::size_t set = 0;
    };
    const auto ran = std::make_shared<Ran>();
    const auto set_one = [ran](EventLoop& loop, Random& random) {
        const TimePoint when = loop.time() + evenly(random, 0);
        const std::size_t number = ran->set;
        loop.call_at(when, [ran, when, number] {
            const testing::AllocationsSucceed scope;
            ran->all.emplace_back(when, number);
            if (number % 3 != 0) return;
            EventLoop& running = get_running_loop();
            const TimePoint soon = running.time() + std::chrono::microseconds(number);
            const std::size_t next = ran->set++;
            running.call_at(soon, [ran, soon, next] {
                const testing::AllocationsSucceed inner;
                ran->all.emplace_back(soon, next);
            });
        });
        ++ran->set;
    };
    testing::fail_every_allocation(
        [=] {
            EventLoop& loop = get_running_loop();
            Random random(3);
            *ran = Ran();
            {
                const testing::AllocationsSucceed scope;
                for (int i = 0; i < 1020; ++i) set_one(loop, random);
            }
            for (int i = 0; i < 10; ++i) set_one(loop, random);
            {
                const testing::AllocationsSucceed scope;
                for (int i = 0; i < 3000; ++i) set_one(loop, random);
            }
            await(sleep(2s));
        },
        [=] {
            await(sleep(2s));
            BOOST_TEST(ran->all.size() == ran->set);
            BOOST_TEST(std::is_sorted(ran->all.begin(), ran->all.end()));
        });
}
#endif

BOOST_AUTO_TEST_SUITE_END()
