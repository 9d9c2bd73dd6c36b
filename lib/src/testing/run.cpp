#include "cede/testing/run.hpp"

#include <cinttypes>
#include <cstdio>

namespace cede {
namespace detail {

RunOptions options_of_test_run(const testing::TestOptions& options) {
    return RunOptions().loop_factory(
        [options] { return std::unique_ptr<EventLoop>(new testing::VirtualTimeLoop(options)); });
}

void report_seed(const testing::TestOptions& options) noexcept {
    if (!options.seed()) return;
    std::fprintf(stderr, "cede: the test failed with TestOptions().seed(%" PRIu64 ")\n", *options.seed());
}

}  // namespace detail
}  // namespace cede
