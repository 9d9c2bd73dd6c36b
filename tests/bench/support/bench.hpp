// What every C++ program of the benchmarks shares, ours and the peers' alike, so that nobody is measured with another
// ruler: clocks, memory, random delays, and the command line `PROGRAM ROW SIZE [OPERATIONS]`.
//
// Time is processor time of the whole process, not what a clock on the wall says: a neighbour that takes the core away
// does not change it, and every thread of a runtime counts.
#ifndef CEDE_BENCH_SUPPORT_BENCH_HPP
#define CEDE_BENCH_SUPPORT_BENCH_HPP

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <initializer_list>

namespace bench {

inline double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

class Stopwatch {
public:
    double seconds() const { return cpu_seconds() - begin_; }
    // Nanoseconds for each of so many operations.
    double ns_each(long operations) const { return seconds() * 1e9 / static_cast<double>(operations); }

private:
    double begin_ = cpu_seconds();
};

// A figure of a process's status in bytes: "VmRSS:", resident memory, or "VmPTE:", page tables.
inline double status_bytes(const char* key, const char* path = "/proc/self/status") {
    double kib = 0;
    std::FILE* const status = std::fopen(path, "r");
    if (status == nullptr) return 0;
    char line[256];
    while (std::fgets(line, sizeof line, status) != nullptr) {
        if (std::strncmp(line, key, std::strlen(key)) == 0) kib = std::atof(line + std::strlen(key));
    }
    std::fclose(status);
    return kib * 1024;
}
// Both. What a guard page or a mapping costs besides is the kernel's, and not seen here.
inline double memory_bytes(const char* path = "/proc/self/status") {
    return status_bytes("VmRSS:", path) + status_bytes("VmPTE:", path);
}

// Delays spread evenly over a second, the same in every run and every program. BENCH_SPREAD_US makes it another time:
// where instructions are counted all are due at once, since how often the loop wakes up depends on the machine's speed.
class Delays {
public:
    std::chrono::microseconds next() {
        state_ ^= state_ << 13;  // xorshift64
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return std::chrono::microseconds(static_cast<std::int64_t>(state_ % spread_));
    }

private:
    static std::uint64_t spread() {
        const char* const text = std::getenv("BENCH_SPREAD_US");
        return text == nullptr ? 1000000 : static_cast<std::uint64_t>(std::atol(text));
    }

    std::uint64_t state_ = 0x9e3779b97f4a7c15;
    const std::uint64_t spread_ = spread();
};

struct Row {
    const char* name;
    // What `size` and `operations` are is said in core/README.md.
    double (*run)(long size, long operations);
};

// Runs the row that the command line names and prints its figure.
inline int main(int argc, char** argv, std::initializer_list<Row> rows) {
    const long size = argc > 2 ? std::atol(argv[2]) : 1;
    const long operations = argc > 3 ? std::atol(argv[3]) : 1000000;
    for (const Row& row : rows) {
        if (argc < 2 || std::strcmp(row.name, argv[1]) != 0) continue;
        try {
            std::printf("%.6g\n", row.run(size, operations));
            return 0;
        } catch (const std::exception& error) {
            std::fprintf(stderr, "%s %s %ld: %s\n", argv[0], row.name, size, error.what());
            return 1;
        }
    }
    // Exit status 3: not every library has every row, and the harness asks.
    std::fprintf(stderr, "usage: %s ROW SIZE [OPERATIONS]\nrows:", argv[0]);
    for (const Row& row : rows) std::fprintf(stderr, " %s", row.name);
    std::fprintf(stderr, "\n");
    return 3;
}

}  // namespace bench

#endif
