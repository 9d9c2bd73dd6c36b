#include "cede/task/task_factory.hpp"

#include "loop/loop_impl.hpp"

namespace cede {

void EventLoop::set_task_factory(TaskFactory factory) { impl_->task_factory = std::move(factory); }

const TaskFactory& EventLoop::get_task_factory() const noexcept { return impl_->task_factory; }

void eager_task_factory(EventLoop&, const AnyTask&, TaskOptions& options) {
    if (!options.eager_if_set()) options.eager(true);
}

}  // namespace cede
