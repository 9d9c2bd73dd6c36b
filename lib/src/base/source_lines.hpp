// What it is: from an address to its line in the source, by elfutils' libdw, which is loaded when the first address is asked
// for: a program that never shows a stack does not pay for it, and one without libdw shows functions only.
#ifndef CEDE_SRC_BASE_SOURCE_LINES_HPP
#define CEDE_SRC_BASE_SOURCE_LINES_HPP

#include <string>

namespace cede {
namespace detail {

class SourceLines {
public:
    SourceLines() noexcept = default;
    ~SourceLines();
    SourceLines(const SourceLines&) = delete;
    SourceLines& operator=(const SourceLines&) = delete;

    // Fills in what is known: the file's name without its directories. Leaves both alone otherwise.
    void find(const void* pc, std::string& file, unsigned& line);
    // The mangled name of the function; empty when it is not known.
    std::string mangled_name(const void* pc);

private:
    void open() noexcept;

    bool opened_ = false;
    void* session_ = nullptr;  // Dwfl
};

}  // namespace detail
}  // namespace cede

#endif
