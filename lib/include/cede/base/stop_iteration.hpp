// What it is: the exception by which a generator or coroutine that is driven by hand hands over its result. When to use
// it: in a driver that calls send(). When not: never throw it from a body; that becomes a RuntimeError.
#ifndef CEDE_BASE_STOP_ITERATION_HPP
#define CEDE_BASE_STOP_ITERATION_HPP

#include <utility>

#include "cede/base/exceptions.hpp"

namespace cede {

template <class R = void>
class StopIteration : public StopIterationBase {
public:
    explicit StopIteration(R result) : value(std::move(result)) {}
    R value;  // what the body returned
};

template <>
class StopIteration<void> : public StopIterationBase {};

}  // namespace cede

#endif
