// What it is: a selector whose answers the test gives: a descriptor is ready when set_ready() has said so, and for as long
// as it says so, whatever the kernel thinks. When to use it: to test code on a loop against any order of readiness, spurious
// events and errors included: `TestOptions().selector(...)`, or as the selector of a loop of your own. When not: to test a
// selector.
//
// The first descriptor registered is taken for the loop's bell, by which other threads wake it, and is asked for really.
// A wait that nothing ends blocks on it. Nothing here cedes; loop's thread only.
#ifndef CEDE_TESTING_FAKE_SELECTOR_HPP
#define CEDE_TESTING_FAKE_SELECTOR_HPP

#include <cstddef>
#include <map>
#include <vector>

#include "absl/types/optional.h"

#include "cede/selectors/base_selector.hpp"

namespace cede {
namespace testing {

class FakeSelector : public selectors::BaseSelector {
public:
    FakeSelector();
    ~FakeSelector() override;

    // `fd`, which need not be open nor registered yet, is ready for `events` from now on; 0: not ready any more. What it
    // is not registered for is not reported.
    void set_ready(int fd, selectors::EventMask events);

    // The waits so far, and the timeout of the last: nullopt for one without end.
    std::size_t waits() const noexcept { return waits_; }
    absl::optional<Duration> last_timeout() const noexcept { return last_timeout_; }

    void select_ready(absl::optional<Duration> timeout, std::vector<selectors::ReadyFd>& out) override;

private:
    void on_register(int fd, selectors::EventMask events) override;
    bool bell_rings(absl::optional<Duration> timeout) const;

    int bell_ = -1;
    std::map<int, selectors::EventMask> ready_;
    std::size_t waits_ = 0;
    absl::optional<Duration> last_timeout_;
};

}  // namespace testing
}  // namespace cede

#endif
