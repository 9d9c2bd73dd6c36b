// The smallest program, whose compilation is timed.
#include <cede/cede.hpp>

#include <cstdio>

int main() {
    cede::run([] {
        cede::await(cede::sleep(std::chrono::milliseconds(1)));
        std::puts("hello");
    });
}
