// What it is: what a fiber needs at its beginning, for a report, and for tools, but not at a switch. It lies at the top of the
// fiber's stack, whose first page is used anyway: in the Fiber it would make each of a million tasks 64 bytes larger.
#ifndef CEDE_SRC_FIBER_FIBER_RECORD_HPP
#define CEDE_SRC_FIBER_FIBER_RECORD_HPP

#include <cstddef>

#include "cede/fiber/fiber.hpp"

namespace cede {
namespace detail {

struct alignas(16) FiberRecord {
    Fiber& (*entry)(void*) = nullptr;
    void* argument = nullptr;
    const void* owner = nullptr;
    Fiber::Describe describe = nullptr;
    // ASan's.
    void* fake_stack = nullptr;
    const void* stack_bottom = nullptr;
    std::size_t stack_bytes = 0;
    void* tsan_fiber = nullptr;
    Fiber::Visit last_visit;  // of one that has ended, to the one that goes on; set there
};

}  // namespace detail
}  // namespace cede

#endif
