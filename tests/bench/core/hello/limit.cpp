// The smallest program on Boost.Context itself.
#include <boost/context/fiber.hpp>

#include <cstdio>

int main() {
    boost::context::fiber fiber([](boost::context::fiber&& caller) {
        std::puts("hello");
        return std::move(caller);
    });
    fiber = std::move(fiber).resume();
}
