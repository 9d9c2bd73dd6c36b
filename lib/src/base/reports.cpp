#include "cede/base/reports.hpp"

#include <cxxabi.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>

#include "cede/base/exception_group.hpp"

namespace cede {
namespace {

void write_warning(absl::string_view text) {
    std::fprintf(stderr, "cede: %.*s\n", static_cast<int>(text.size()), text.data());
}

void write_unraisable(const std::exception_ptr& exception, absl::string_view context) try {
    const std::string text = format_exception(exception);
    std::fprintf(stderr, "cede: exception ignored while %.*s:%s%s\n", static_cast<int>(context.size()), context.data(),
                 text.find('\n') == std::string::npos ? " " : "\n", text.c_str());
} catch (const std::bad_alloc&) {
    std::fprintf(stderr, "cede: exception ignored while %.*s, without memory to say which\n",
                 static_cast<int>(context.size()), context.data());
}

std::atomic<WarningHook> warning_hook{&write_warning};
std::atomic<UnraisableHook> unraisable_hook{&write_unraisable};

}  // namespace

WarningHook set_warning_hook(WarningHook hook) noexcept {
    return warning_hook.exchange(hook != nullptr ? hook : &write_warning);
}

UnraisableHook set_unraisable_hook(UnraisableHook hook) noexcept {
    return unraisable_hook.exchange(hook != nullptr ? hook : &write_unraisable);
}

namespace detail {

void warn(absl::string_view text) noexcept { warning_hook.load()(text); }

void report_unraisable(const std::exception_ptr& exception, absl::string_view context) noexcept {
    unraisable_hook.load()(exception, context);
}

std::string demangle(const char* name) {
    int status = 0;
    std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free);
    return status == 0 ? text.get() : name;
}

}  // namespace detail
}  // namespace cede
