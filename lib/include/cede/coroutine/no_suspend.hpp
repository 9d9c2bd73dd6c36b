// What it is: a mark on the stack: the frames from here on down belong to a library that cannot be left in its middle and
// continued later, so an await (or a yield) above the mark throws RuntimeError, which names the library, instead of
// corrupting it. When to use it: where your code calls a C library that calls you back, around that call. When not: around
// a library that does not mind; most do not, but those that hold a lock or a thread-local across the callback do.
//
// Generators and coroutines that are driven above the mark, down to their end or not, are not affected: they leave only
// frames above it. Belongs to the thread and the scope that made it; nothing here cedes or throws.
#ifndef CEDE_COROUTINE_NO_SUSPEND_HPP
#define CEDE_COROUTINE_NO_SUSPEND_HPP

#include "absl/strings/string_view.h"

namespace cede {

class NoSuspend {
public:
    // `library`, for the error, must live as long as this: a literal does.
    explicit NoSuspend(absl::string_view library) noexcept;
    ~NoSuspend();
    NoSuspend(const NoSuspend&) = delete;
    NoSuspend& operator=(const NoSuspend&) = delete;

    absl::string_view library() const noexcept { return library_; }

private:
    const absl::string_view library_;
    const NoSuspend* const below_;
};

}  // namespace cede

#endif
