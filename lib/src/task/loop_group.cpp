#include "cede/task/loop_group.hpp"

#include <algorithm>
#include <stdexcept>
#include <thread>

#ifdef __linux__
#include <sched.h>
#endif

#include "base/thread_state.hpp"
#include "cede/base/exceptions.hpp"
#include "cede/task/await.hpp"
#include "task/loop_group_core.hpp"

namespace cede {
namespace {

// A number beyond all machines is one that was meant to be something else.
constexpr std::size_t most_loops = 65536;

// Not hardware_concurrency(): in a container, or under taskset, that is more than there are for us.
std::size_t usable_cores() noexcept {
#ifdef __linux__
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) == 0) return static_cast<std::size_t>(std::max(CPU_COUNT(&cores), 1));
#endif
    return std::max(std::thread::hardware_concurrency(), 1u);
}

}  // namespace

namespace detail {

void call_in_group(LoopGroupCore& group, std::size_t index, GroupCall f) { group.post(index, std::move(f)); }
EventLoop& open_loop_of_group(LoopGroupCore& group, std::size_t index) { return group.open_loop(index); }

}  // namespace detail

LoopGroup::LoopGroup(std::size_t size, LoopGroupOptions options) {
    if (size > most_loops) throw std::invalid_argument("a LoopGroup of " + std::to_string(size) + " loops");
    core_ = std::make_shared<detail::LoopGroupCore>(size != 0 ? size : usable_cores(), std::move(options));
    core_->start();
}

LoopGroup::~LoopGroup() { core_->end(); }

std::size_t LoopGroup::size() const noexcept { return core_->size(); }
EventLoop& LoopGroup::loop(std::size_t index) const { return core_->loop(index); }
absl::optional<std::size_t> LoopGroup::current() const noexcept { return core_->current(); }
void LoopGroup::stop() noexcept { core_->stop(); }

void LoopGroup::join() {
    const std::shared_ptr<detail::LoopGroupCore> core = core_;
    core->join();
}

Coroutine<void> LoopGroup::wait_stopped() const {
    return [core = core_] { core->wait_stopped(); };
}

bool LoopGroup::exit(std::exception_ptr) {
    stop();
    if (detail::thread_state.task != nullptr) {
        await(wait_stopped());
    } else {
        join();
    }
    return false;
}

}  // namespace cede
