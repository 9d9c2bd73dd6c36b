// The half that all backends share, seen through a fake one: keys, data, the books, and what a user's subclass is told.
#include "cede/selectors/base_selector.hpp"

#include <functional>
#include <limits>
#include <stdexcept>
#include <string>

#include <boost/test/unit_test.hpp>

#include "cede/selectors/selectors.hpp"

namespace cede {
namespace tests {

using namespace selectors;

namespace {

// Reports what it is told to, and writes down the hooks it gets.
class FakeSelector : public BaseSelector {
public:
    void select_ready(absl::optional<Duration>, std::vector<ReadyFd>& out) override {
        check_open("select");
        out = ready;
    }

    std::vector<ReadyFd> ready;
    std::string calls;
    bool refuse = false;

private:
    void on_register(int fd, EventMask events) override { note("register", fd, events); }
    void on_modify(int fd, EventMask, EventMask events) override { note("modify", fd, events); }
    void on_unregister(int fd, EventMask events) noexcept override {
        calls += "unregister " + std::to_string(fd) + " " + std::to_string(events) + "; ";
    }
    void on_close() noexcept override { calls += "close; "; }

    void note(const char* call, int fd, EventMask events) {
        if (refuse) throw std::runtime_error("refused");
        calls += std::string(call) + " " + std::to_string(fd) + " " + std::to_string(events) + "; ";
    }
};

// A selector with no hook at all is allowed.
class PlainSelector : public BaseSelector {
public:
    void select_ready(absl::optional<Duration>, std::vector<ReadyFd>& out) override { out.clear(); }
};

struct Reenters {
    BaseSelector* selector;
    std::shared_ptr<int> token;
    ~Reenters() {
        if (token.use_count() == 1) selector->get_map().contains(3);
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(base_selector)

BOOST_AUTO_TEST_CASE(data_is_read_by_its_type) {
    PlainSelector selector;
    const SelectorKey literal = selector.register_(3, EVENT_READ, "literal");
    BOOST_TEST(literal.data_as<const char*>() == std::string("literal"));
    absl::any ready_made = 5;
    BOOST_TEST(selector.register_(4, EVENT_READ, ready_made).data_as<int>() == 5);
    BOOST_TEST(!selector.register_(5, EVENT_READ, absl::any()).has_data());
    const std::function<int()> f = [] { return 6; };
    BOOST_TEST(selector.register_(6, EVENT_READ, f).data_as<std::function<int()>>()() == 6);
    BOOST_TEST((literal.data()->type() == typeid(const char*)));
}

BOOST_AUTO_TEST_CASE(a_wrong_type_is_told_what_the_data_is) {
    const auto says = [](const std::string& text) {
        return [text](const std::bad_cast& error) { return std::string(error.what()).find(text) != std::string::npos; };
    };
    BOOST_CHECK_EXCEPTION(SelectorKey(3, EVENT_READ, 5).data_as<double>(), BadDataCast, says("call data_as<int>()"));
    BOOST_CHECK_EXCEPTION(SelectorKey(3, EVENT_READ, 5).data_as<double>(), std::bad_cast,
                          says("data_as<double>: fd 3"));
    BOOST_CHECK_EXCEPTION(SelectorKey(3, EVENT_READ).data_as<int>(), BadDataCast, says("without data"));
}

BOOST_AUTO_TEST_CASE(copies_of_a_key_share_the_data) {
    const SelectorKey key(3, EVENT_READ, std::string("one"));
    const SelectorKey copy = key;
    BOOST_TEST((copy == key));
    BOOST_TEST(&copy.data_as<std::string>() == &key.data_as<std::string>());
    BOOST_TEST((SelectorKey(3, EVENT_READ, std::string("one")) != key));
}

BOOST_AUTO_TEST_CASE(hooks_hear_of_changes_of_events_alone) {
    FakeSelector selector;
    selector.register_(3, EVENT_READ, 1);
    selector.modify(3, EVENT_READ, 2);  // SEL-004
    selector.modify(3, EVENT_WRITE, 2);
    selector.unregister(3);
    selector.close();
    selector.close();
    BOOST_TEST(selector.calls == "register 3 1; modify 3 2; unregister 3 2; close; ");
}

BOOST_AUTO_TEST_CASE(a_refused_register_leaves_no_key) {
    FakeSelector selector;
    selector.refuse = true;
    BOOST_CHECK_THROW(selector.register_(3, EVENT_READ), std::runtime_error);
    BOOST_TEST(selector.get_map().empty());
    selector.refuse = false;
    selector.register_(3, EVENT_READ);
}

// SEL-005
BOOST_AUTO_TEST_CASE(SEL_005_a_refused_modify_leaves_no_key) {
    FakeSelector selector;
    selector.register_(3, EVENT_READ);
    selector.refuse = true;
    BOOST_CHECK_THROW(selector.modify(3, EVENT_WRITE), std::runtime_error);
    BOOST_TEST(selector.get_map().empty());
    BOOST_TEST(selector.calls == "register 3 1; unregister 3 1; ");
}

BOOST_AUTO_TEST_CASE(select_limits_a_fake_to_what_is_registered) {
    FakeSelector selector;
    selector.register_(3, EVENT_READ, std::string("three"));
    selector.register_(4, EVENT_WRITE);
    selector.ready = {{3, EVENT_READ | EVENT_WRITE}, {4, EVENT_READ}, {99, EVENT_READ}};
    const auto ready = selector.select(std::chrono::milliseconds(5));
    BOOST_TEST_REQUIRE(ready.size() == 1u);
    BOOST_TEST(ready[0].first.data_as<std::string>() == "three");
    BOOST_TEST(ready[0].second == EVENT_READ);
}

BOOST_AUTO_TEST_CASE(fds_far_apart_are_found_in_order) {
    PlainSelector selector;
    const int far = std::numeric_limits<int>::max();
    for (const int fd : {far, 70000, 0, 1024, 1023}) selector.register_(fd, EVENT_READ);
    std::vector<int> fds;
    for (const SelectorKey& key : selector.get_map()) fds.push_back(key.fd);
    BOOST_TEST((fds == std::vector<int>{0, 1023, 1024, 70000, far}));
    const SelectorMap map = selector.get_map();
    fds.clear();
    for (auto& key : map) fds.push_back(map[key.fd].fd);
    BOOST_TEST((fds == std::vector<int>{0, 1023, 1024, 70000, far}));
    BOOST_CHECK_THROW(map[5], std::out_of_range);
}

BOOST_AUTO_TEST_CASE(a_map_may_be_emptied_while_iterating) {
    PlainSelector selector;
    for (const int fd : {3, 4, 5}) selector.register_(fd, EVENT_READ);
    int seen = 0;
    for (const SelectorKey& key : selector.get_map()) seen += selector.unregister(key.fd).fd == key.fd ? 1 : 0;
    BOOST_TEST(seen == 3);
    BOOST_TEST(selector.get_map().empty());
}

BOOST_AUTO_TEST_CASE(data_may_use_the_selector_in_its_destructor) {
    FakeSelector selector;
    selector.register_(3, EVENT_READ, Reenters{&selector, std::make_shared<int>()});
    selector.modify(3, EVENT_READ, Reenters{&selector, std::make_shared<int>()});
    selector.register_(4, EVENT_READ, Reenters{&selector, std::make_shared<int>()});
    selector.unregister(3);
    selector.close();
    BOOST_TEST(selector.get_map().empty());
}

BOOST_AUTO_TEST_CASE(messages_say_what_to_do) {
    const auto says = [](const std::string& text) {
        return
            [text](const std::exception& error) { return std::string(error.what()).find(text) != std::string::npos; };
    };
    FakeSelector selector;
    selector.register_(3, EVENT_READ);
    BOOST_CHECK_EXCEPTION(selector.register_(3, EVENT_READ), std::out_of_range, says("call modify()"));
    BOOST_CHECK_EXCEPTION(selector.modify(3, 0), std::invalid_argument, says("call unregister()"));
    BOOST_CHECK_EXCEPTION(selector.unregister(9), std::out_of_range, says("fd 9 is not registered"));
    BOOST_CHECK_EXCEPTION(selector.register_(-1, EVENT_READ), std::invalid_argument, says("not a file descriptor"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
