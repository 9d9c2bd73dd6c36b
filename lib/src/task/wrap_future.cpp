#include "cede/task/wrap_future.hpp"

#include "loop/loop_impl.hpp"
#include "loop/loop_token.hpp"

namespace cede {
namespace detail {

PreparedCall::PreparedCall(EventLoop& loop, Closure<void> call) : loop_(reference_to(loop)) {
    loop.check_open();
    handle_ = Ref<HandleCore>(new HandleCore(loop, std::move(call), nullptr));
}

void PreparedCall::make() noexcept {
    Ref<HandleCore> handle = std::move(handle_);
    if (handle && post(loop_, *handle.get())) handle.detach();
}

}  // namespace detail
}  // namespace cede
