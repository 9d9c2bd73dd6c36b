// A variable that a coroutine captures by reference is seen to change across an await. gcc 12 at -O1 once kept it in a
// register (detail::let_escape in base/closure.hpp), so this test means most in the sanitizer builds, which use -O1.
#include <boost/test/unit_test.hpp>

#include "cede/cede.hpp"

using cede::await;

BOOST_AUTO_TEST_SUITE(captured_reference)

BOOST_AUTO_TEST_CASE(changed_by_a_task) {
    cede::run([] {
        int value = 0;
        auto task = cede::create_task([&] { value = 1; });
        await(task);
        BOOST_TEST(value == 1);
    });
}

BOOST_AUTO_TEST_CASE(changed_by_a_coroutine_that_a_function_returns) {
    struct Made {
        static cede::Coroutine<void> by(int& value) {
            return [&value] {
                await(cede::sleep(std::chrono::seconds(0)));
                value = 1;
            };
        }
    };
    cede::run([] {
        int value = 0;
        await(Made::by(value));
        BOOST_TEST(value == 1);
        value = 0;
        await(cede::create_task(Made::by(value)));
        BOOST_TEST(value == 1);
    });
}

BOOST_AUTO_TEST_CASE(changed_by_a_callback_and_a_generator) {
    cede::run([] {
        int value = 0;
        cede::get_running_loop().call_soon([&] { value = 1; });
        await(cede::sleep(std::chrono::seconds(0)));
        BOOST_TEST(value == 1);
        cede::Generator<int> generator([&](cede::Yield<int>& yield) {
            value = 2;
            yield(0);
        });
        generator.next();
        BOOST_TEST(value == 2);
    });
}

BOOST_AUTO_TEST_SUITE_END()
