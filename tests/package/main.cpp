#include <cede/cede.hpp>

#include <iostream>

int main() {
    const int answer = cede::run([] {
        cede::await(cede::sleep(std::chrono::milliseconds(1)));
        return 42;
    });
    std::cout << "answer " << answer << "\n";
    return answer == 42 ? 0 : 1;
}
