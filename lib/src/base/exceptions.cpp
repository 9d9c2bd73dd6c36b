#include "cede/base/exceptions.hpp"

#include <cerrno>
#include <utility>

#include "cede/base/reports.hpp"

namespace cede {

// The destructors are here so that each class has one type_info, whichever library throws and whichever catches.
BaseException::BaseException(std::string message) : message_(std::move(message)) {}
BaseException::~BaseException() = default;
const char* BaseException::what() const noexcept { return message_.empty() ? "BaseException" : message_.c_str(); }

CancelledError::~CancelledError() = default;
const char* CancelledError::what() const noexcept { return message().empty() ? "CancelledError" : message().c_str(); }

GeneratorExit::~GeneratorExit() = default;
const char* GeneratorExit::what() const noexcept { return message().empty() ? "GeneratorExit" : message().c_str(); }

KeyboardInterrupt::~KeyboardInterrupt() = default;
const char* KeyboardInterrupt::what() const noexcept {
    return message().empty() ? "KeyboardInterrupt" : message().c_str();
}

SystemExit::SystemExit(int code, std::string message) : BaseException(std::move(message)), code_(code) {}
SystemExit::~SystemExit() = default;
const char* SystemExit::what() const noexcept { return message().empty() ? "SystemExit" : message().c_str(); }

RuntimeError::RuntimeError(const std::string& message, std::exception_ptr cause)
    : std::runtime_error(message), cause_(std::move(cause)) {}
RuntimeError::~RuntimeError() = default;

InvalidStateError::~InvalidStateError() = default;

TimeoutError::TimeoutError(const std::string& message, std::exception_ptr cause)
    : std::system_error(ETIMEDOUT, std::generic_category()), message_(message), cause_(std::move(cause)) {}
TimeoutError::~TimeoutError() = default;
const char* TimeoutError::what() const noexcept { return message_.what(); }

StopIterationBase::~StopIterationBase() = default;
const char* StopIterationBase::what() const noexcept { return "StopIteration"; }

StopAsyncIteration::~StopAsyncIteration() = default;
const char* StopAsyncIteration::what() const noexcept { return "StopAsyncIteration"; }

namespace {
std::string with_text(std::string name, const char* text) {
    return *text == '\0' ? name : std::move(name) + ": " + text;
}
}  // namespace

std::string describe_exception(const std::exception_ptr& exception) {
    if (!exception) return "no exception";
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception& error) {
        return with_text(detail::demangle(typeid(error).name()), error.what());
    } catch (const BaseException& error) {
        // what() says more of a group, but of an exception without a message its name again.
        return with_text(detail::demangle(typeid(error).name()), error.message().empty() ? "" : error.what());
    } catch (...) {
        return "an exception of a type that is neither std::exception nor cede::BaseException";
    }
}

namespace detail {

ExceptionKind classify(const std::exception_ptr& exception) noexcept {
    try {
        std::rethrow_exception(exception);
    } catch (const CancelledError&) {
        return ExceptionKind::cancelled;
    } catch (const KeyboardInterrupt&) {
        return ExceptionKind::interrupt;
    } catch (const SystemExit&) {
        return ExceptionKind::interrupt;
    } catch (const BaseException&) {
        return ExceptionKind::base;
    } catch (...) {
        return ExceptionKind::ordinary;
    }
}

}  // namespace detail
}  // namespace cede
