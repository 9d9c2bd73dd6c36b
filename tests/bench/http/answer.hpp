// What the HTTP servers here answer to everything, and how those that get bytes find the end of a request.
#ifndef CEDE_BENCH_HTTP_ANSWER_HPP
#define CEDE_BENCH_HTTP_ANSWER_HPP

#include <cstddef>
#include <string>

namespace bench {

constexpr char end_of_head[] = "\r\n\r\n";
constexpr char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n";
constexpr std::size_t answer_size = sizeof answer - 1;

// Calls `send(answer, size)` for each request that is complete, and takes it out of `received`.
template <class Send>
void answer_all(std::string& received, Send send) {
    std::size_t begin = 0;
    for (;;) {
        const std::size_t end = received.find(end_of_head, begin);
        if (end == std::string::npos) break;
        send(answer, answer_size);
        begin = end + sizeof end_of_head - 1;
    }
    received.erase(0, begin);
}

}  // namespace bench

#endif
