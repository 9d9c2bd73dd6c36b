// What it is: whether the current fiber runs a destructor because an exception unwinds its stack, where throwing would
// end the process. std::uncaught_exceptions() says the same from C++17 on, but C++14 has only the form C++20 removed.
#ifndef CEDE_SRC_FIBER_UNWINDING_HPP
#define CEDE_SRC_FIBER_UNWINDING_HPP

namespace cede {
namespace detail {

bool is_unwinding() noexcept;

}  // namespace detail
}  // namespace cede

#endif
