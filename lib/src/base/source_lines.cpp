#include "base/source_lines.hpp"

#if defined(__linux__)

#include <dlfcn.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

namespace cede {
namespace detail {
namespace {

// From elfutils/libdwfl.h, whose interface has not changed since 2005: so the package with the headers is not needed.
struct Dwfl;
struct Dwfl_Module;
struct Dwfl_Line;
struct Dwfl_Callbacks {
    void (*find_elf)();
    int (*find_debuginfo)(Dwfl_Module*, void**, const char*, std::uint64_t, const char*, const char*, std::uint32_t, char**);
    void (*section_address)();
    char** debuginfo_path;
};

// Only what lies in the program itself: the standard search may ask a server on the network, from within a running loop.
int no_debuginfo_elsewhere(Dwfl_Module*, void**, const char*, std::uint64_t, const char*, const char*, std::uint32_t, char**) {
    return -1;
}

struct Libdw {
    Libdw() {
        void* const library = dlopen("libdw.so.1", RTLD_LAZY | RTLD_LOCAL);
        if (library == nullptr) return;
        complete = load(library, "dwfl_begin", begin) && load(library, "dwfl_end", end) &&
                   load(library, "dwfl_linux_proc_report", report) && load(library, "dwfl_report_end", report_end) &&
                   load(library, "dwfl_addrmodule", module_of) && load(library, "dwfl_module_getsrc", line_of) &&
                   load(library, "dwfl_lineinfo", line_info) && load(library, "dwfl_module_addrname", name_of) &&
                   load(library, "dwfl_linux_proc_find_elf", callbacks.find_elf);
        callbacks.find_debuginfo = &no_debuginfo_elsewhere;
    }

    template <class F>
    static bool load(void* library, const char* name, F*& function) {
        void* const address = dlsym(library, name);
        static_assert(sizeof address == sizeof function, "POSIX: a function's address fits");
        std::memcpy(&function, &address, sizeof address);
        return address != nullptr;
    }

    Dwfl* (*begin)(const Dwfl_Callbacks*) = nullptr;
    void (*end)(Dwfl*) = nullptr;
    int (*report)(Dwfl*, int pid) = nullptr;
    int (*report_end)(Dwfl*, void*, void*) = nullptr;
    Dwfl_Module* (*module_of)(Dwfl*, std::uint64_t) = nullptr;
    Dwfl_Line* (*line_of)(Dwfl_Module*, std::uint64_t) = nullptr;
    const char* (*name_of)(Dwfl_Module*, std::uint64_t) = nullptr;
    const char* (*line_info)(Dwfl_Line*, std::uint64_t*, int*, int*, std::uint64_t*, std::uint64_t*) = nullptr;
    Dwfl_Callbacks callbacks{};
    bool complete = false;
};

const Libdw& libdw() {
    static const Libdw library;
    return library;
}

}  // namespace

SourceLines::~SourceLines() {
    if (session_ != nullptr) libdw().end(static_cast<Dwfl*>(session_));
}

void SourceLines::open() noexcept {
    opened_ = true;
    const Libdw& dw = libdw();
    if (!dw.complete) return;
    Dwfl* const session = dw.begin(&dw.callbacks);
    if (session == nullptr) return;
    if (dw.report(session, static_cast<int>(getpid())) == 0 && dw.report_end(session, nullptr, nullptr) == 0) {
        session_ = session;
    } else {
        dw.end(session);
    }
}

void SourceLines::find(const void* pc, std::string& file, unsigned& line) {
    if (!opened_) open();
    if (session_ == nullptr) return;
    const Libdw& dw = libdw();
    const std::uint64_t address = reinterpret_cast<std::uintptr_t>(pc);
    Dwfl_Module* const module = dw.module_of(static_cast<Dwfl*>(session_), address);
    Dwfl_Line* const found = module != nullptr ? dw.line_of(module, address) : nullptr;
    if (found == nullptr) return;
    int number = 0;
    const char* const path = dw.line_info(found, nullptr, &number, nullptr, nullptr, nullptr);
    if (path == nullptr || number <= 0) return;
    const char* const slash = std::strrchr(path, '/');
    file = slash != nullptr ? slash + 1 : path;
    line = static_cast<unsigned>(number);
}

std::string SourceLines::mangled_name(const void* pc) {
    if (!opened_) open();
    if (session_ == nullptr) return std::string();
    const std::uint64_t address = reinterpret_cast<std::uintptr_t>(pc);
    Dwfl_Module* const module = libdw().module_of(static_cast<Dwfl*>(session_), address);
    const char* const name = module != nullptr ? libdw().name_of(module, address) : nullptr;
    return name != nullptr ? name : std::string();
}

}  // namespace detail
}  // namespace cede

#else

namespace cede {
namespace detail {

SourceLines::~SourceLines() = default;
void SourceLines::open() noexcept {}
void SourceLines::find(const void*, std::string&, unsigned&) {}
std::string SourceLines::mangled_name(const void*) { return std::string(); }

}  // namespace detail
}  // namespace cede

#endif
