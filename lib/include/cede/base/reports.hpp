// What it is: where the library says what it cannot throw: warnings (a coroutine never awaited, a stack without a
// guard) and errors raised while something was being destroyed. When to use it: set a hook to send these to your own
// log. When not: failures of a running loop go to the loop's exception handler, not here.
//
// Nothing here cedes; every function may be called from any thread and never throws.
#ifndef CEDE_BASE_REPORTS_HPP
#define CEDE_BASE_REPORTS_HPP

#include <exception>
#include <string>

#include "absl/strings/string_view.h"

namespace cede {

// Called with one line of text without a newline. Must not throw. The default writes "cede: <text>" to stderr.
using WarningHook = void (*)(absl::string_view text);
// Called with the exception and with what was being done. Must not throw. The default writes both to stderr.
using UnraisableHook = void (*)(const std::exception_ptr& exception, absl::string_view context);

// Install a hook for the whole process, null for the default; return the one before.
WarningHook set_warning_hook(WarningHook hook) noexcept;
UnraisableHook set_unraisable_hook(UnraisableHook hook) noexcept;

namespace detail {
void warn(absl::string_view text) noexcept;
void report_unraisable(const std::exception_ptr& exception, absl::string_view context) noexcept;
// A type's name as the compiler gives it, made readable; "lambda" types keep the function they are in.
std::string demangle(const char* name);
}  // namespace detail

}  // namespace cede

#endif
