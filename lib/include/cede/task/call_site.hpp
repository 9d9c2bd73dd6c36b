// What it is: a place in the source, for an error that is found elsewhere: what std::source_location is from C++20 on. When
// to use it: as a defaulted last parameter, `CallSite where = CallSite::here()`.
//
// Nothing here cedes, throws or allocates; any thread.
#ifndef CEDE_TASK_CALL_SITE_HPP
#define CEDE_TASK_CALL_SITE_HPP

namespace cede {

struct CallSite {
    const char* file;
    unsigned line;

    // As a default argument, the place of the call that leaves it out.
    static constexpr CallSite here(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) noexcept {
        return CallSite{file, line};
    }
};

}  // namespace cede

#endif
