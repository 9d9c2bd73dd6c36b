// Names: found without blocking the loop, cancelled, timed out, and too late.
#include <netdb.h>

#include <chrono>
#include <future>

#include "net/fixtures.hpp"
#include "support/faults/system_calls.hpp"

#include "cede/task/gather.hpp"
#include "cede/task/task.hpp"
#include "cede/task/timeout.hpp"

namespace cede {
namespace tests {
namespace {

bool from_resolver(const std::system_error& error) { return error.code().category() == resolver_category(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(resolver)

// LOOP-035
BOOST_AUTO_TEST_CASE(names_become_addresses_and_back) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const auto found = await(loop.getaddrinfo("localhost", 80, ResolveOptions().type(SOCK_STREAM).family(AF_INET)));
        BOOST_REQUIRE(found.size() == 1);
        BOOST_TEST(found[0].address.str() == "127.0.0.1:80");
        BOOST_TEST(found[0].family == AF_INET);
        BOOST_TEST(found[0].type == SOCK_STREAM);
        const auto names =
            await(loop.getnameinfo(SocketAddress("127.0.0.1", 80), NI_NUMERICHOST | NI_NUMERICSERV));
        BOOST_TEST(names.first == "127.0.0.1");
        BOOST_TEST(names.second == "80");
        BOOST_CHECK_EXCEPTION(await(loop.getnameinfo(SocketAddress())), std::system_error, from_resolver);
    });
}

BOOST_AUTO_TEST_CASE(an_unknown_name_is_an_error_of_the_resolver) {
    in_loop([] {
        BOOST_CHECK_EXCEPTION(await(get_running_loop().getaddrinfo("no.such.name.slow", 80)), std::system_error,
                              [](const std::system_error& e) {
                                  return from_resolver(e) && e.code().value() == EAI_NONAME &&
                                         std::string(e.what()).find("no.such.name.slow") != std::string::npos;
                              });
        BOOST_TEST(resolver_category().name() == std::string("resolver"));
        BOOST_TEST(resolver_category().message(EAI_NONAME) == ::gai_strerror(EAI_NONAME));
    });
}

// LOOP-031
BOOST_AUTO_TEST_CASE(a_port_is_a_number_a_string_or_a_service) {
    BOOST_TEST(*Port(80).number() == 80);
    BOOST_TEST(*Port("80").number() == 80);
    BOOST_TEST(*Port("").number() == 0);
    BOOST_TEST(*Port().number() == 0);
    BOOST_TEST(!Port().given());
    BOOST_TEST(Port(0).given());
    BOOST_TEST(!Port("http").number().has_value());
    BOOST_CHECK_THROW(Port(65536).number(), std::invalid_argument);
    BOOST_CHECK_THROW(Port(-1).number(), std::invalid_argument);
    BOOST_CHECK_THROW(Port("99999999999999999999").number(), std::invalid_argument);
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const auto port = [&](const Port& text) {
            return await(loop.getaddrinfo("127.0.0.1", text, ResolveOptions().type(SOCK_STREAM)))[0].address.port();
        };
        BOOST_TEST(port("") == 0);
        BOOST_TEST(port("8080") == 8080);
        if (::getservbyname("http", "tcp") != nullptr) BOOST_TEST(port("http") == 80);
        BOOST_CHECK_THROW(port("no-such-service"), std::system_error);
        BOOST_CHECK_THROW(port(70000), std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.create_connection([] { return std::make_shared<Recording>(); }, "127.0.0.1",
                                                       "no-such-service")),
                          std::system_error);
    });
}

BOOST_AUTO_TEST_CASE(an_empty_host_is_this_machine) {
    in_loop([] {
        for (const auto& each : await(get_running_loop().getaddrinfo("", 1))) {
            BOOST_TEST((each.address.host() == "127.0.0.1" || each.address.host() == "::1"));
        }
    });
}

// The answer that comes when nobody waits any more is dropped; the others are not held up.
BOOST_AUTO_TEST_CASE(a_slow_name_stops_nobody_else_and_can_be_cancelled) {
    std::promise<void> release;
    const std::shared_future<void> released = release.get_future().share();
    const SlowNames slow([released] { released.wait(); });
    in_loop([&] {
        EventLoop& loop = get_running_loop();
        std::vector<Task<std::vector<AddressInfo>>> stuck;
        for (int i = 0; i < 8; ++i) stuck.push_back(create_task(loop.getaddrinfo("dead.slow", i)));
        await(sleep(std::chrono::seconds(0)));
        BOOST_TEST(!await(loop.getaddrinfo("localhost", 80)).empty());
        BOOST_CHECK_THROW(timeout(std::chrono::milliseconds(1), [&] { await(loop.getaddrinfo("dead.slow", 80)); }),
                          TimeoutError);
        for (const auto& each : stuck) each.cancel();
        for (const auto& each : stuck) BOOST_CHECK_THROW(await(each), CancelledError);
    });
    release.set_value();
}

// The loop has gone when the answer comes.
BOOST_AUTO_TEST_CASE(an_answer_for_a_loop_that_is_gone_is_dropped) {
    std::promise<void> asked, release, done;
    const std::shared_future<void> released = release.get_future().share();
    {
        const SlowNames slow([&asked, released] {
            asked.set_value();
            released.wait();
        });
        const auto begin = std::chrono::steady_clock::now();
        in_loop([&] {
            create_task(get_running_loop().getaddrinfo("dead.slow", 1));
            await(sleep(std::chrono::seconds(0)));
            asked.get_future().wait();
        });
        // Neither the end of the main task nor the loop's waited for the look-up.
        BOOST_TEST((std::chrono::steady_clock::now() - begin < std::chrono::seconds(60)));
    }
    release.set_value();
    // Let it come in: the pool has one worker that is free again when another look-up is through.
    in_loop([] { await(get_running_loop().getaddrinfo("localhost", 1)); });
}

// More look-ups than there are threads; those that were given up are not even asked.
BOOST_AUTO_TEST_CASE(look_ups_beyond_the_threads_wait_their_turn) {
    std::promise<void> release;
    const std::shared_future<void> released = release.get_future().share();
    const SlowNames slow([released] { released.wait(); });
    const int before = name_lookups();
    in_loop([&] {
        EventLoop& loop = get_running_loop();
        std::vector<Task<std::vector<AddressInfo>>> stuck;
        for (int i = 0; i < 100; ++i) stuck.push_back(create_task(loop.getaddrinfo("dead.slow", 1)));
        BOOST_TEST(until([&] { return name_lookups() > before; }));
        for (const auto& each : stuck) each.cancel();
        settle();
        release.set_value();
        BOOST_TEST(!await(loop.getaddrinfo("localhost", 80)).empty());
    });
    BOOST_TEST(name_lookups() - before < 100);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
