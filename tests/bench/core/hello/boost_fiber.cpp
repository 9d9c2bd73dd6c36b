// The smallest program on Boost.Fiber.
#include <boost/fiber/all.hpp>

#include <chrono>
#include <cstdio>

int main() {
    boost::fibers::fiber([] {
        boost::this_fiber::sleep_for(std::chrono::milliseconds(1));
        std::puts("hello");
    }).join();
}
