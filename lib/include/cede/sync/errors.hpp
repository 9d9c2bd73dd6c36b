// What it is: the exceptions of this room, under asyncio's names. Nothing here cedes; any thread.
#ifndef CEDE_SYNC_ERRORS_HPP
#define CEDE_SYNC_ERRORS_HPP

#include <exception>

#include "cede/base/exceptions.hpp"

namespace cede {

// The barrier was aborted, or reset while this task waited.
class BrokenBarrierError : public RuntimeError {
public:
    using RuntimeError::RuntimeError;
    ~BrokenBarrierError() override;
};

// get_nowait() on an empty queue.
class QueueEmpty : public std::exception {
public:
    ~QueueEmpty() override;
    const char* what() const noexcept override;
};

// put_nowait() on a full queue.
class QueueFull : public std::exception {
public:
    ~QueueFull() override;
    const char* what() const noexcept override;
};

// put() after Queue::shutdown(), get() after the last item.
class QueueShutDown : public std::exception {
public:
    ~QueueShutDown() override;
    const char* what() const noexcept override;
};

}  // namespace cede

#endif
