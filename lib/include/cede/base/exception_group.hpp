// What it is: several exceptions raised as one: Python's ExceptionGroup. When to use it: catch it around a TaskGroup, whose
// children may fail together. When not: for one failure with a cause; see cause().
//
//     try {
//         task_group(...);
//     } catch (const AnyExceptionGroup& group) {                      // Python's `except* TimeoutError`
//         const auto parts = group.split<TimeoutError>();
//         if (parts.first) retry_later();
//         if (parts.second) std::rethrow_exception(parts.second);     // what was not handled keeps its place in the tree
//     }
//
// As in Python there are two classes: an ExceptionGroup holds failures only, and is a std::exception; a BaseExceptionGroup
// holds anything outside the ordinary hierarchy too (a CancelledError, a KeyboardInterrupt, another BaseExceptionGroup), so
// it is a BaseException and passes every `catch (const std::exception&)`. make_exception_group() and derive() choose.
// Other than in Python the one does not derive from the other, since what derives from BaseException is to be let pass:
// both are caught as AnyExceptionGroup. A group is no CancelledError, whatever is in it: the future or task that ends with
// one has failed and is not cancelled. A KeyboardInterrupt in a group does not leave run_forever() by itself.
//
// Nothing here cedes; any thread. Copying a group copies no exceptions and does not throw.
#ifndef CEDE_BASE_EXCEPTION_GROUP_HPP
#define CEDE_BASE_EXCEPTION_GROUP_HPP

#include <exception>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"

#include "cede/base/exceptions.hpp"

namespace cede {

namespace detail {

template <class E>
bool is_a(const std::exception_ptr& exception) {
    try {
        std::rethrow_exception(exception);
    } catch (const E&) {
        return true;
    } catch (...) {
        return false;
    }
}

template <class... Es>
bool is_any_of(const std::exception_ptr& exception) {
    bool any = false;
    (void)std::initializer_list<bool>{(any = any || is_a<Es>(exception))...};
    return any;
}

}  // namespace detail

class AnyExceptionGroup {
public:
    using Predicate = absl::FunctionRef<bool(const std::exception_ptr&)>;
    using Parts = std::pair<std::exception_ptr, std::exception_ptr>;

    const std::string& message() const noexcept { return data_->message; }
    // What is directly in it; may be groups themselves.
    const std::vector<std::exception_ptr>& exceptions() const noexcept { return data_->exceptions; }

    // The group of those for which `matches` holds, and the group of the others; null for none. Both keep the shape of the
    // tree, without the groups that would be empty, each made by derive(). `matches` is asked for each group before it is
    // asked for what is in it, this one first; what it takes as a whole is not divided. Throws what `matches` throws. Where this
    // group is the exception being handled, a part that is all of it is that very exception; elsewhere derive() makes that, too.
    Parts split(Predicate matches) const;
    std::exception_ptr subgroup(Predicate matches) const { return split(matches).first; }
    // The same for those that `catch (const E&)` would take, for any E given: `group.split<TimeoutError, ResolverError>()`.
    template <class E, class... Others>
    Parts split() const {
        return split([](const std::exception_ptr& each) { return detail::is_any_of<E, Others...>(each); });
    }
    template <class E, class... Others>
    std::exception_ptr subgroup() const {
        return split<E, Others...>().first;
    }

    // A group with this one's message. To be overridden by a class of your own, so that its parts are of that class too.
    virtual std::exception_ptr derive(std::vector<std::exception_ptr> exceptions) const;

    // The tree as Python prints it, a line for each exception, which ends without a newline; wide and deep ones are
    // shortened: 15 exceptions of each group, 10 groups deep.
    std::string format() const;

protected:
    // Throws std::invalid_argument for an empty list and for a null in it.
    AnyExceptionGroup(std::string message, std::vector<std::exception_ptr> exceptions);
    AnyExceptionGroup(const AnyExceptionGroup&) noexcept = default;
    AnyExceptionGroup& operator=(const AnyExceptionGroup&) noexcept = default;
    virtual ~AnyExceptionGroup();

    // The message, and the number of exceptions within.
    const char* summary() const noexcept { return data_->summary.c_str(); }

private:
    struct Data {
        std::string message;
        std::string summary;
        std::vector<std::exception_ptr> exceptions;
    };
    std::shared_ptr<const Data> data_;
};

std::ostream& operator<<(std::ostream& out, const AnyExceptionGroup& group);

class ExceptionGroup : public std::exception, public AnyExceptionGroup {
public:
    // Throws std::invalid_argument for an empty list, a null, and what a BaseExceptionGroup is for.
    ExceptionGroup(std::string message, std::vector<std::exception_ptr> exceptions);
    ExceptionGroup(const ExceptionGroup&) noexcept = default;
    ExceptionGroup& operator=(const ExceptionGroup&) noexcept = default;
    ~ExceptionGroup() override;

    // "unhandled errors in a TaskGroup (2 sub-exceptions)"
    const char* what() const noexcept override { return summary(); }
};

class BaseExceptionGroup : public BaseException, public AnyExceptionGroup {
public:
    // Throws std::invalid_argument for an empty list and for a null in it.
    BaseExceptionGroup(const std::string& message, std::vector<std::exception_ptr> exceptions);
    BaseExceptionGroup(const BaseExceptionGroup&) = default;
    BaseExceptionGroup& operator=(const BaseExceptionGroup&) = default;
    ~BaseExceptionGroup() override;

    using AnyExceptionGroup::message;
    const char* what() const noexcept override { return summary(); }
};

// The group of these, of the one class or the other. Throws std::invalid_argument for an empty list and for a null in it.
std::exception_ptr make_exception_group(const std::string& message, std::vector<std::exception_ptr> exceptions);

// What a report says about an exception of any kind: the tree of a group, else describe_exception(). Never throws but
// bad_alloc.
std::string format_exception(const std::exception_ptr& exception);

}  // namespace cede

#endif
