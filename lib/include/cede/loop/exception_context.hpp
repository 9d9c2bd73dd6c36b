// What it is: what an exception handler of a loop is told. When to use it: in a handler for set_exception_handler, or to
// report something by call_exception_handler. When not: for warnings; see base/reports.hpp.
#ifndef CEDE_LOOP_EXCEPTION_CONTEXT_HPP
#define CEDE_LOOP_EXCEPTION_CONTEXT_HPP

#include <exception>
#include <memory>
#include <string>

#include "cede/base/any_future.hpp"
#include "cede/base/any_task.hpp"
#include "cede/loop/handle.hpp"

namespace cede {

class BaseTransport;

// Everything but `message` may be empty.
struct ExceptionContext {
    // Each with a default of its own, so that `{"message"}` is one without a warning.
    std::string message{};
    std::exception_ptr exception{};
    AnyFuture future{};
    AnyTask task{};
    Handle handle{};
    std::shared_ptr<BaseTransport> transport{};
    std::string asyncgen{};  // the name of an async generator
};

}  // namespace cede

#endif
