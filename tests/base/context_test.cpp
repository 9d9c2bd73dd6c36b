// Context as the rooms above use it. ContextVar belongs to the task room; here the values are set as it sets them.
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <thread>

#include "base/context_data.hpp"
#include "cede/base/context.hpp"
#include "cede/base/exceptions.hpp"

using cede::Context;
using cede::copy_context;

namespace {

constexpr std::uint64_t key = 1;

void set(int value) {
    auto& slot = cede::detail::current_context_slot();
    if (!slot) slot = cede::detail::Ref<cede::detail::ContextData>(new cede::detail::ContextData());
    slot->set(key, std::make_shared<const int>(value));
}

// -1 when it is not set.
int get() {
    const auto& slot = cede::detail::current_context_slot();
    const auto value = slot ? slot->find(key) : nullptr;
    return value != nullptr ? *static_cast<const int*>(value.get()) : -1;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(context)

BOOST_AUTO_TEST_CASE(run_keeps_its_values_to_itself) {
    const Context context;
    BOOST_TEST(context.run([] {
        BOOST_TEST(get() == -1);
        set(1);
        return get();
    }) == 1);
    BOOST_TEST(get() == -1);
    BOOST_TEST(context.run([] { return get(); }) == 1);
}

BOOST_AUTO_TEST_CASE(contexts_nest) {
    const Context outer;
    const Context inner;
    outer.run([&] {
        set(1);
        inner.run([] { set(2); });
        BOOST_TEST(get() == 1);
        inner.run([] { BOOST_TEST(get() == 2); });
    });
    BOOST_TEST(get() == -1);
}

BOOST_AUTO_TEST_CASE(one_that_is_entered_cannot_be_entered_again) {
    const Context context;
    const Context same = context;
    BOOST_CHECK(context == same);
    context.run([&] {
        set(1);
        BOOST_CHECK_THROW(same.run([] {}), cede::RuntimeError);
        BOOST_TEST(get() == 1);
        const Context copy = context.copy();
        BOOST_CHECK(copy != context);
        copy.run([] { BOOST_TEST(get() == 1); });
    });
    context.run([] { BOOST_TEST(get() == 1); });
}

BOOST_AUTO_TEST_CASE(an_exception_leaves_it) {
    const Context context;
    BOOST_CHECK_THROW(context.run([] { throw std::domain_error("out"); }), std::domain_error);
    BOOST_TEST(get() == -1);
    BOOST_TEST(context.run([] { return 3; }) == 3);
}

BOOST_AUTO_TEST_CASE(a_copy_is_independent_in_both_directions) {
    const Context context;
    context.run([] { set(1); });
    const Context copy = context.copy();
    copy.run([] { set(2); });
    context.run([] { BOOST_TEST(get() == 1); });
    context.run([] { set(3); });
    copy.run([] { BOOST_TEST(get() == 2); });
}

BOOST_AUTO_TEST_CASE(copy_context_takes_what_is_current) {
    const Context context;
    context.run([&] {
        set(5);
        const Context copy = copy_context();
        set(6);
        BOOST_TEST(copy.run([] { return get(); }) == 5);
        BOOST_CHECK(copy != context);
    });
    BOOST_TEST(copy_context().run([] { return get(); }) == -1);
}

BOOST_AUTO_TEST_CASE(each_thread_has_a_context_of_its_own) {
    const Context context;
    context.run([] {
        set(1);
        std::thread([] { BOOST_TEST(get() == -1); }).join();
    });
    std::thread([] {
        set(9);
        BOOST_TEST(get() == 9);
    }).join();
    BOOST_TEST(get() == -1);
}

BOOST_AUTO_TEST_CASE(a_variable_can_be_taken_out) {
    cede::detail::ContextData data;
    data.set(key, std::make_shared<const int>(1));
    data.set(key + 1, std::make_shared<const int>(2));
    const auto before = data.values();
    data.set(key, nullptr);
    BOOST_CHECK(data.find(key) == nullptr);
    BOOST_CHECK(data.find(key + 1) != nullptr);
    BOOST_TEST(before->size() == 2U);  // a snapshot is not written to
}

BOOST_AUTO_TEST_SUITE_END()
