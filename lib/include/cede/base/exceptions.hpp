// What it is: the exceptions that more than one room throws, under asyncio's names.
// When to use it: catch `std::exception` for failures, as Python catches `Exception`. What derives from
// `BaseException` is no failure but a request to unwind (a cancellation, the closing of a generator, Ctrl-C): let it
// pass. It is deliberately not a `std::exception`, so a legacy `catch (const std::exception&)` never swallows one.
// When not: do not throw `GeneratorExit` yourself; call `close()`.
//
// Nothing here cedes; every function may be called from any thread.
#ifndef CEDE_BASE_EXCEPTIONS_HPP
#define CEDE_BASE_EXCEPTIONS_HPP

#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>

namespace cede {

// The root of what is raised to unwind rather than to report a failure. Not a std::exception on purpose.
class BaseException {
public:
    explicit BaseException(std::string message = std::string());
    BaseException(const BaseException&) = default;
    BaseException& operator=(const BaseException&) = default;
    virtual ~BaseException();

    // What `cancel(msg)` or the thrower gave; empty when nothing was given.
    const std::string& message() const noexcept { return message_; }
    // The message, or the name of the class when there is none.
    virtual const char* what() const noexcept;

private:
    std::string message_;
};

// The awaited thing, or the task itself, was cancelled. Catch it only to clean up, then rethrow it.
class CancelledError : public BaseException {
public:
    using BaseException::BaseException;
    ~CancelledError() override;
    const char* what() const noexcept override;
};

// Raised inside a suspended generator or coroutine by close().
class GeneratorExit : public BaseException {
public:
    using BaseException::BaseException;
    ~GeneratorExit() override;
    const char* what() const noexcept override;
};

// Ctrl-C. Leaves run_forever at once.
class KeyboardInterrupt : public BaseException {
public:
    using BaseException::BaseException;
    ~KeyboardInterrupt() override;
    const char* what() const noexcept override;
};

// A request to end the program with `code`. Leaves run_forever at once.
class SystemExit : public BaseException {
public:
    explicit SystemExit(int code = 0, std::string message = std::string());
    ~SystemExit() override;
    int code() const noexcept { return code_; }
    const char* what() const noexcept override;

private:
    int code_;
};

// Python's RuntimeError: the call makes no sense in the present state. The text says what to do instead.
class RuntimeError : public std::runtime_error {
public:
    explicit RuntimeError(const std::string& message, std::exception_ptr cause = nullptr);
    ~RuntimeError() override;
    // What was raised instead of the expected, e.g. the StopIteration that escaped from a body; may be null.
    std::exception_ptr cause() const noexcept { return cause_; }

private:
    std::exception_ptr cause_;
};

// The result of something unfinished was asked for, or something finished was to be finished again.
class InvalidStateError : public std::logic_error {
public:
    using std::logic_error::logic_error;
    ~InvalidStateError() override;
};

// Time ran out. An OSError with ETIMEDOUT, as in Python.
class TimeoutError : public std::system_error {
public:
    explicit TimeoutError(const std::string& message = "timed out", std::exception_ptr cause = nullptr);
    ~TimeoutError() override;
    // The message alone: to add the system's "Connection timed out" would be misleading.
    const char* what() const noexcept override;
    // The CancelledError that interrupted the timed block, if there was one.
    std::exception_ptr cause() const noexcept { return cause_; }

private:
    std::runtime_error message_;  // whose copies share one text, and do not throw
    std::exception_ptr cause_;
};

// The root of every StopIteration<R>; raised by next(), send() and throw_() when a body has returned.
class StopIterationBase : public std::exception {
public:
    ~StopIterationBase() override;
    const char* what() const noexcept override;
};

// Raised by AsyncGenerator::anext() when there is no further item.
class StopAsyncIteration : public std::exception {
public:
    ~StopAsyncIteration() override;
    const char* what() const noexcept override;
};

// The text of an exception of any kind, for logs: its what(), its message, or its type's name. Never throws.
std::string describe_exception(const std::exception_ptr& exception);

namespace detail {
// Ordinary is what Python derives from Exception; an interrupt is a KeyboardInterrupt or SystemExit; base is any other
// BaseException.
enum class ExceptionKind { ordinary, cancelled, interrupt, base };
ExceptionKind classify(const std::exception_ptr& exception) noexcept;
}  // namespace detail

}  // namespace cede

#endif
