#include "cede/testing/run.hpp"

#include <cinttypes>
#include <cstdio>

namespace cede {
namespace testing {
namespace detail {

RunOptions run_options(const TestOptions& options) {
    return RunOptions().loop_factory(
        [options] { return std::unique_ptr<EventLoop>(new VirtualTimeLoop(options)); });
}

void report_seed(const TestOptions& options) noexcept {
    if (!options.seed()) return;
    std::fprintf(stderr, "cede: the test failed with TestOptions().seed(%" PRIu64 ")\n", *options.seed());
}

}  // namespace detail
}  // namespace testing
}  // namespace cede
