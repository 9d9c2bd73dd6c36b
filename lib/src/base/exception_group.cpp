#include "cede/base/exception_group.hpp"

#include <algorithm>
#include <ostream>
#include <stdexcept>
#include <typeinfo>
#include <utility>

#include "cede/base/reports.hpp"

namespace cede {
namespace {

// Python's limits, which keep a report readable.
constexpr std::size_t max_group_width = 15;
constexpr std::size_t max_group_depth = 10;

std::string summary_of(const std::string& message, const std::vector<std::exception_ptr>& exceptions) {
    if (exceptions.empty()) throw std::invalid_argument("an exception group needs at least one exception");
    if (std::find(exceptions.begin(), exceptions.end(), nullptr) != exceptions.end()) {
        throw std::invalid_argument("an exception group cannot hold a null exception_ptr");
    }
    return message + " (" + std::to_string(exceptions.size()) +
           (exceptions.size() == 1 ? " sub-exception)" : " sub-exceptions)");
}

bool all_ordinary(const std::vector<std::exception_ptr>& exceptions) {
    return std::all_of(exceptions.begin(), exceptions.end(), [](const std::exception_ptr& each) {
        return each == nullptr || detail::classify(each) == detail::ExceptionKind::ordinary;
    });
}

std::vector<std::exception_ptr> checked(std::vector<std::exception_ptr> exceptions) {
    if (all_ordinary(exceptions)) return exceptions;
    throw std::invalid_argument("an ExceptionGroup cannot hold a BaseException: make_exception_group() chooses "
                                "BaseExceptionGroup for those");
}

// Calls `f` with the group that `exception` is; false when it is none.
template <class F>
bool if_group(const std::exception_ptr& exception, F f) {
    try {
        std::rethrow_exception(exception);
    } catch (const AnyExceptionGroup& group) {
        f(group);
        return true;
    } catch (...) {
        return false;
    }
}

// `whole` is `group`.
AnyExceptionGroup::Parts split_group(const std::exception_ptr& whole, const AnyExceptionGroup& group,
                                     AnyExceptionGroup::Predicate matches) {
    if (matches(whole)) return {whole, nullptr};
    std::vector<std::exception_ptr> matching, others;
    for (const std::exception_ptr& each : group.exceptions()) {
        AnyExceptionGroup::Parts parts;
        const bool nested =
            if_group(each, [&](const AnyExceptionGroup& inner) { parts = split_group(each, inner, matches); });
        if (!nested) (matches(each) ? parts.first : parts.second) = each;
        if (parts.first) matching.push_back(std::move(parts.first));
        if (parts.second) others.push_back(std::move(parts.second));
    }
    if (matching.empty()) return {nullptr, whole};
    if (others.empty()) return {whole, nullptr};
    return {group.derive(std::move(matching)), group.derive(std::move(others))};
}

// The lines are those of CPython's traceback.py, so that whoever knows the one reads the other.
class Tree {
public:
    void add_group(const std::string& description, const AnyExceptionGroup& group, std::size_t depth) {
        add_lines(description, depth);
        const std::vector<std::exception_ptr>& all = group.exceptions();
        bool closed = false;
        for (std::size_t i = 0; i < all.size() && i < max_group_width; ++i) {
            add_separator(std::to_string(i + 1), depth, i == 0);
            closed = add(all[i], depth + 1);
        }
        if (all.size() > max_group_width) {
            const std::size_t more = all.size() - max_group_width;
            add_separator("...", depth, false);
            add_lines("and " + std::to_string(more) + (more == 1 ? " more exception" : " more exceptions"), depth + 1);
            closed = false;
        }
        if (!closed) add_line(depth + 1, "+------------------------------------");
    }
    std::string take() { return std::move(text_); }

private:
    // True when it was a group, which has drawn its end.
    bool add(const std::exception_ptr& exception, std::size_t depth) {
        bool closed = false;
        const bool is_group = if_group(exception, [&](const AnyExceptionGroup& group) {
            closed = depth <= max_group_depth;
            if (closed) return add_group(describe_exception(exception), group, depth);
            add_lines("... (max_group_depth is " + std::to_string(max_group_depth) + ")", depth);
        });
        if (!is_group) add_lines(describe_exception(exception), depth);
        return closed;
    }

    void add_separator(const std::string& label, std::size_t depth, bool first) {
        const std::string line = "+---------------- " + label + " ----------------";
        if (first) return add_line(depth, "+-" + line);
        add_line(depth + 1, line);
    }

    void add_lines(const std::string& text, std::size_t depth) {
        for (std::size_t begin = 0; begin <= text.size();) {
            const std::size_t end = std::min(text.find('\n', begin), text.size());
            add_line(depth, "| " + text.substr(begin, end - begin));
            begin = end + 1;
        }
    }

    void add_line(std::size_t depth, const std::string& line) {
        if (!text_.empty()) text_ += '\n';
        text_.append(2 * depth, ' ').append(line);
    }

    std::string text_;
};

}  // namespace

AnyExceptionGroup::AnyExceptionGroup(std::string message, std::vector<std::exception_ptr> exceptions) {
    std::string summary = summary_of(message, exceptions);
    data_ = std::make_shared<Data>(Data{std::move(message), std::move(summary), std::move(exceptions)});
}
AnyExceptionGroup::~AnyExceptionGroup() = default;

AnyExceptionGroup::Parts AnyExceptionGroup::split(Predicate matches) const {
    // A handler is about the very object that was caught, whose class may be a user's.
    std::exception_ptr whole = std::current_exception();
    bool is_caught = false;
    if (whole) if_group(whole, [&](const AnyExceptionGroup& caught) { is_caught = &caught == this; });
    return split_group(is_caught ? whole : derive(exceptions()), *this, matches);
}

std::exception_ptr AnyExceptionGroup::derive(std::vector<std::exception_ptr> exceptions) const {
    return make_exception_group(message(), std::move(exceptions));
}

std::string AnyExceptionGroup::format() const {
    Tree tree;
    tree.add_group(detail::demangle(typeid(*this).name()) + ": " + summary(), *this, 1);
    return tree.take();
}

std::ostream& operator<<(std::ostream& out, const AnyExceptionGroup& group) { return out << group.format(); }

ExceptionGroup::ExceptionGroup(std::string message, std::vector<std::exception_ptr> exceptions)
    : AnyExceptionGroup(std::move(message), checked(std::move(exceptions))) {}
ExceptionGroup::~ExceptionGroup() = default;

BaseExceptionGroup::BaseExceptionGroup(const std::string& message, std::vector<std::exception_ptr> exceptions)
    : BaseException(message), AnyExceptionGroup(message, std::move(exceptions)) {}
BaseExceptionGroup::~BaseExceptionGroup() = default;

std::exception_ptr make_exception_group(const std::string& message, std::vector<std::exception_ptr> exceptions) {
    if (all_ordinary(exceptions)) return std::make_exception_ptr(ExceptionGroup(message, std::move(exceptions)));
    return std::make_exception_ptr(BaseExceptionGroup(message, std::move(exceptions)));
}

std::string format_exception(const std::exception_ptr& exception) {
    std::string text;
    if (exception && if_group(exception, [&](const AnyExceptionGroup& group) { text = group.format(); })) return text;
    return describe_exception(exception);
}

}  // namespace cede
