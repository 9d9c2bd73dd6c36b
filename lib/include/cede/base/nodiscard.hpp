// What it is: `CEDE_NODISCARD`, for what does nothing unless it is awaited: the compiler then warns where asyncio would say
// "coroutine was never awaited". When to use it: on Coroutine, and on functions whose result nobody drops on purpose. When
// not: on what starts something by itself, as create_task() does. To drop one all the same, cast it to void.
//
// A macro, because the standard's attribute is one of C++17: gcc takes it in C++14, clang has a spelling of its own.
#ifndef CEDE_BASE_NODISCARD_HPP
#define CEDE_BASE_NODISCARD_HPP

#ifdef __clang__
#define CEDE_NODISCARD [[clang::warn_unused_result]]
#else
#define CEDE_NODISCARD [[nodiscard]]
#endif

#endif
