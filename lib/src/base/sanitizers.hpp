// What it is: which sanitizer this library is compiled with, as 0 or 1. When to use it: where a sanitizer must be told
// something, or a cache must stand back for it to see.
#ifndef CEDE_SRC_BASE_SANITIZERS_HPP
#define CEDE_SRC_BASE_SANITIZERS_HPP

#if defined(__has_feature)
#define CEDE_HAS_FEATURE(x) __has_feature(x)
#else
#define CEDE_HAS_FEATURE(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || CEDE_HAS_FEATURE(address_sanitizer)
#define CEDE_ASAN 1
#else
#define CEDE_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__) || CEDE_HAS_FEATURE(thread_sanitizer)
#define CEDE_TSAN 1
#else
#define CEDE_TSAN 0
#endif

// For a function that begins on one stack and ends on another, or never: the entries and exits that ThreadSanitizer counts
// would not match, and its own record of the stack would grow with every fiber that ends.
#if defined(__clang__) && CEDE_TSAN
#define CEDE_UNWATCHED __attribute__((disable_sanitizer_instrumentation))
#elif CEDE_TSAN
#define CEDE_UNWATCHED __attribute__((no_sanitize("thread")))
#else
#define CEDE_UNWATCHED
#endif

#endif
