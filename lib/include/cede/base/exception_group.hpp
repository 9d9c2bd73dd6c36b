// What it is: several exceptions raised as one: Python's ExceptionGroup. When to use it: catch it around a TaskGroup, whose
// children may fail together. When not: for one failure with a cause; see cause().
//
// A group that holds anything outside the ordinary hierarchy (a CancelledError, a GeneratorExit) is a BaseExceptionGroup,
// which is no std::exception, as in Python it is no Exception. Nothing here cedes; any thread.
#ifndef CEDE_BASE_EXCEPTION_GROUP_HPP
#define CEDE_BASE_EXCEPTION_GROUP_HPP

#include <exception>
#include <string>
#include <vector>

#include "cede/base/exceptions.hpp"

namespace cede {

class ExceptionGroup : public std::exception {
public:
    // Throws std::invalid_argument for an empty list.
    ExceptionGroup(std::string message, std::vector<std::exception_ptr> exceptions);
    ~ExceptionGroup() override;

    const std::string& message() const noexcept { return message_; }
    const std::vector<std::exception_ptr>& exceptions() const noexcept { return exceptions_; }
    // The message, and the number of exceptions within.
    const char* what() const noexcept override { return text_.c_str(); }

private:
    std::string message_;
    std::string text_;
    std::vector<std::exception_ptr> exceptions_;
};

class BaseExceptionGroup : public BaseException {
public:
    // Throws std::invalid_argument for an empty list.
    BaseExceptionGroup(const std::string& message, std::vector<std::exception_ptr> exceptions);
    ~BaseExceptionGroup() override;

    const std::vector<std::exception_ptr>& exceptions() const noexcept { return exceptions_; }
    const char* what() const noexcept override { return text_.c_str(); }

private:
    std::string text_;
    std::vector<std::exception_ptr> exceptions_;
};

// The group of these, of the one class or the other. Throws std::invalid_argument for an empty list.
std::exception_ptr make_exception_group(const std::string& message, std::vector<std::exception_ptr> exceptions);

}  // namespace cede

#endif
