// What it is: `Strand`, a fiber with a body that may be left and continued, which is all that the tests of this room need of
// a coroutine. When to use it: for what concerns the fiber itself. When not: where something must be unwound.
#ifndef CEDE_TESTS_FIBER_FIXTURES_HPP
#define CEDE_TESTS_FIBER_FIXTURES_HPP

#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "cede/fiber/fiber.hpp"
#include "cede/fiber/stack_pool.hpp"

namespace cede {
namespace tests {

class Strand {
public:
    explicit Strand(std::function<void(Strand&)> body, std::size_t stack_size = 0)
        : body_(std::move(body)), stack_size_(stack_size) {}

    // Runs the body to its next pause() or its end.
    void resume() {
        driver_ = &Fiber::current();
        if (!fiber_.has_stack()) fiber_.start(&Strand::enter, this, stack_size_);
        fiber_.switch_to();
        if (done_) fiber_.release_stack();
    }
    void pause() { driver_->switch_to(); }
    bool done() const { return done_; }
    Fiber& fiber() { return fiber_; }

private:
    static Fiber& enter(void* strand) {
        Strand& self = *static_cast<Strand*>(strand);
        self.body_(self);
        self.done_ = true;
        return *self.driver_;
    }

    std::function<void(Strand&)> body_;
    std::size_t stack_size_;
    Fiber fiber_;
    Fiber* driver_ = nullptr;
    bool done_ = false;
};

// Recurses in frames of `Step` bytes until the stack ends.
template <std::size_t Step>
__attribute__((noinline)) int recurse_for_ever(int depth) {  // or several would share a larger frame
    static volatile int deepest = 1 << 30;  // the compiler is not to know that it has no end
    if (depth >= deepest) return 0;
    volatile char frame[Step];
    frame[0] = static_cast<char>(depth);
    const int below = recurse_for_ever<Step>(depth + 1);
    return below + frame[0];
}

}  // namespace tests
}  // namespace cede

#endif
