#include "cede/base/exception_group.hpp"

#include <algorithm>
#include <utility>

namespace cede {
namespace {

std::string summary(const std::string& message, const std::vector<std::exception_ptr>& exceptions) {
    if (exceptions.empty()) throw std::invalid_argument("an exception group needs at least one exception");
    return message + " (" + std::to_string(exceptions.size()) +
           (exceptions.size() == 1 ? " sub-exception)" : " sub-exceptions)");
}

}  // namespace

ExceptionGroup::ExceptionGroup(std::string message, std::vector<std::exception_ptr> exceptions)
    : message_(std::move(message)), text_(summary(message_, exceptions)), exceptions_(std::move(exceptions)) {}
ExceptionGroup::~ExceptionGroup() = default;

BaseExceptionGroup::BaseExceptionGroup(const std::string& message, std::vector<std::exception_ptr> exceptions)
    : BaseException(message), text_(summary(message, exceptions)), exceptions_(std::move(exceptions)) {}
BaseExceptionGroup::~BaseExceptionGroup() = default;

std::exception_ptr make_exception_group(const std::string& message, std::vector<std::exception_ptr> exceptions) {
    const bool ordinary = std::all_of(exceptions.begin(), exceptions.end(), [](const std::exception_ptr& each) {
        return detail::classify(each) == detail::ExceptionKind::ordinary;
    });
    if (ordinary) return std::make_exception_ptr(ExceptionGroup(message, std::move(exceptions)));
    return std::make_exception_ptr(BaseExceptionGroup(message, std::move(exceptions)));
}

}  // namespace cede
