#include "cede/sync/errors.hpp"

namespace cede {

BrokenBarrierError::~BrokenBarrierError() = default;

QueueEmpty::~QueueEmpty() = default;
const char* QueueEmpty::what() const noexcept { return "the queue is empty: await(queue.get()) waits for an item"; }

QueueFull::~QueueFull() = default;
const char* QueueFull::what() const noexcept { return "the queue is full: await(queue.put(item)) waits for room"; }

QueueShutDown::~QueueShutDown() = default;
const char* QueueShutDown::what() const noexcept { return "the queue was shut down"; }

}  // namespace cede
