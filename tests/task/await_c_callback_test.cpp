// The C form: a function pointer and its void*.
#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <string>
#include <thread>
#include <utility>

#include "cede/task/await_callback.hpp"
#include "support/awaiting.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace cede::tests;

namespace {

// A library with a C interface, which keeps what it was given until it is told to call.
struct CLibrary {
    using OnText = void (*)(int status, const char* text, void* user);
    using OnError = void (*)(void* user, int code);
    using Compare = int (*)(void* user);

    OnText on_text = nullptr;
    OnError on_error = nullptr;
    void* user = nullptr;

    void get(OnText text, OnError error, void* data) {
        on_text = text;
        on_error = error;
        user = data;
    }
};

using StatusAndText = std::pair<int, std::string>;

Task<std::string> gets(CLibrary& library) {
    return create_task([&library] {
        return await_callback<std::string>([&](Completion<std::string> done) {
            library.get([](int, const char* text, void* user) { Completion<std::string>::from(user)(text); },
                        [](void* user, int code) {
                            Completion<std::string>::from(user).fail(std::error_code(code, std::generic_category()));
                        },
                        done.user_data());
        });
    });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(await_c_callback)

BOOST_AUTO_TEST_CASE(a_callback_of_ones_own_finds_the_completion_by_the_user_data) {
    testing::run([] {
        CLibrary library;
        auto task = gets(library);
        settle();
        BOOST_TEST(!task.done());  // the library counts as a holder, though the Completion itself is gone
        library.on_text(200, "text", library.user);
        BOOST_TEST(await(task) == "text");
        task = gets(library);
        settle();
        library.on_error(library.user, EPIPE);
        BOOST_CHECK_THROW(await(task), std::system_error);
    });
}

BOOST_AUTO_TEST_CASE(a_callback_made_from_a_signature) {
    testing::run([] {
        CLibrary library;
        const auto result = await_callback<StatusAndText>([&](Completion<StatusAndText> done) {
            const auto c = done.c_callback<void(int, const char*, void*)>();
            library.get(c.function, nullptr, c.data);
            library.on_text(404, "not found", library.user);
        });
        BOOST_TEST(result.first == 404);
        BOOST_TEST(result.second == "not found");
        // The user data first, and nothing but it.
        BOOST_TEST(await_callback<int>([](Completion<int> done) {
            const CCallback<void(void*, int)> c = done.c_callback<void(void*, int)>();
            c.function(c.data, 7);
        }) == 7);
        await_callback([](Completion<> done) {
            const auto c = done.c_callback<int(void*)>();
            BOOST_TEST(c.function(c.data) == 0);
        });
    });
}

BOOST_AUTO_TEST_CASE(what_making_the_value_throws_is_thrown_by_the_await_and_not_through_c) {
    struct Refuses {
        explicit Refuses(int) { throw std::logic_error("no value"); }
    };
    testing::run([] {
        BOOST_CHECK_THROW(await_callback<Refuses>([](Completion<Refuses> done) {
            const auto c = done.c_callback<void(int, void*)>();
            c.function(1, c.data);
        }), std::logic_error);
    });
}

BOOST_AUTO_TEST_CASE(a_library_may_come_back_as_often_as_it_likes) {
    testing::run([] {
        const CapturedReports reports(get_running_loop());
        CLibrary library;
        auto task = gets(library);
        settle();
        library.on_text(200, "first", library.user);
        library.on_text(200, "second", library.user);  // reported
        BOOST_TEST(await(task) == "first");
        library.on_text(200, "third", library.user);  // nobody is there any more
        library.on_error(library.user, EPIPE);
        auto cancelled = gets(library);
        settle();
        cancelled.cancel();
        settle();
        BOOST_TEST(cancelled.cancelled());
        library.on_text(200, "late", library.user);
        BOOST_TEST(reports.all.size() == 1u);
    }, testing::TestOptions().debug(true));
}

BOOST_AUTO_TEST_CASE(from_another_thread) {
    testing::run([] {
        std::thread thread;
        BOOST_TEST(await_callback<int>([&](Completion<int> done) {
            thread = std::thread([c = done.c_callback<void(int, void*)>()] { c.function(5, c.data); });
        }) == 5);
        thread.join();
    }, testing::TestOptions().outside_events(true));
}

BOOST_AUTO_TEST_CASE(after_start_has_thrown_the_user_data_is_dead) {
    testing::run([] {
        CLibrary library;
        BOOST_CHECK_THROW(await_callback<std::string>([&](Completion<std::string> done) {
            library.get([](int, const char* text, void* user) { Completion<std::string>::from(user)(text); }, nullptr,
                        done.user_data());
            throw std::logic_error("start");
        }), std::logic_error);
        library.on_text(200, "late", library.user);
    });
}

BOOST_AUTO_TEST_CASE(the_user_data_of_another_type_is_refused) {
    const CapturedWarnings warnings;
    testing::run([] {
        BOOST_TEST(await_callback<int>([](Completion<int> done) {
            Completion<std::string>::from(done.user_data())("wrong");
            done(1);
        }) == 1);
    });
    BOOST_TEST(warnings.contains("is ignored"));
}

BOOST_AUTO_TEST_SUITE_END()
