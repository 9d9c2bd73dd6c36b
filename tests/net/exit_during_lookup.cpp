// The end of a program does not wait for a name server: main() returns while a look-up is stuck for ever.
#include <netdb.h>
#include <unistd.h>

#include <cstdio>

#include <cede/cede.hpp>

// Instead of the C library's: a name server that never answers.
extern "C" int getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**) {
    for (;;) ::pause();
}

int main() {
    cede::run([] {
        try {
            cede::timeout(std::chrono::milliseconds(1),
                          [] { cede::await(cede::get_running_loop().getaddrinfo("host.example", 80)); });
        } catch (const cede::TimeoutError& error) {
            std::puts(error.what());
        }
        cede::create_task(cede::open_connection("host.example", 80));
        cede::await(cede::sleep(std::chrono::seconds(0)));
    });
    return 0;
}
