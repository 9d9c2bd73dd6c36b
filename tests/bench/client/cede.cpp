// A hundred requests at a time, on cede's streams.
#include "support/bench.hpp"

#include <cede/cede.hpp>

#include <string>
#include <utility>
#include <vector>

using cede::await;

namespace {

constexpr long at_once = 100;

std::size_t fetch(int port) {
    auto streams = await(cede::open_connection("127.0.0.1", port));
    streams.second.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await(streams.first.readuntil("\r\n\r\n"));
    const std::string body = await(streams.first.readexactly(6));
    streams.second.close();
    await(streams.second.wait_closed());
    return body.size();
}

double fan_out(long port, long requests) {
    return cede::run([=] {
        std::size_t bytes = 0;
        const bench::Stopwatch watch;
        for (long done = 0; done < requests; done += at_once) {
            std::vector<cede::Task<std::size_t>> wave;
            for (long i = 0; i < at_once; ++i) {
                wave.push_back(cede::create_task([port] { return fetch(static_cast<int>(port)); }));
            }
            for (const std::size_t each : await(cede::gather(wave))) bytes += each;
        }
        if (bytes != static_cast<std::size_t>(6 * requests)) throw std::runtime_error("an answer is missing");
        return watch.ns_each(requests) / 1000;
    });
}

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv, {{"fan_out", fan_out}}); }
