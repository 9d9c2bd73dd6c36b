#include "base/call_stack.hpp"

#include <dlfcn.h>
#include <unwind.h>

#include <utility>

#include "absl/debugging/symbolize.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"

#include "cede/base/reports.hpp"

namespace cede {
namespace detail {
namespace {

_Unwind_Reason_Code note_frame(_Unwind_Context* context, void* argument) {
    StackWalk& walk = *static_cast<StackWalk*>(argument);
    int before_instruction = 0;
    const _Unwind_Ptr pc = _Unwind_GetIPInfo(context, &before_instruction);
    if (pc == 0 || walk.count == walk.room) return _URC_END_OF_STACK;
    if (is_fiber_entry(reinterpret_cast<const void*>(_Unwind_GetRegionStart(context)))) return _URC_END_OF_STACK;
    // A return address points behind the call, which may already belong to the next function.
    walk.pcs[walk.count++] = reinterpret_cast<const void*>(before_instruction != 0 ? pc : pc - 1);
    return _URC_NO_REASON;
}

// The name of a template's instance begins with its return type: "cede::Task<int> start<int>()" is not ours. So this is
// what follows the last space outside of brackets, but for " const" and its like behind the parameters.
absl::string_view qualified_name(absl::string_view name) {
    int depth = 0;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (absl::StartsWith(name.substr(i), "operator")) {
            i += absl::string_view("operator").size();
            // Brackets that are the operator's name: "operator<<", "operator->", "operator()".
            if (absl::StartsWith(name.substr(i), "()")) i += 2;
            while (i < name.size() && absl::string_view("<>=-").find(name[i]) != absl::string_view::npos) ++i;
            --i;
            continue;
        }
        if (name[i] == '(' || name[i] == '<' || name[i] == '{') ++depth;
        if (name[i] == ')' || name[i] == '>' || name[i] == '}') --depth;
        if (name[i] != ' ' || depth != 0) continue;
        const absl::string_view rest = name.substr(i + 1);
        if (absl::StartsWith(rest, "const") || absl::StartsWith(rest, "[clone")) break;
        begin = i + 1;
    }
    return name.substr(begin);
}

// Ours, and what lies between a body and us: type erasure, and how a program or a thread begins.
bool of_the_library(absl::string_view name) {
    name = qualified_name(name);
    for (const char* prefix : {"cede::", "absl::", "std::", "__libc_start", "_start", "_ZN4cede", "_ZNK4cede", "_ZN4absl"}) {
        if (absl::StartsWith(name, prefix)) return true;
    }
    return false;
}

// What a user calls to wait, as against what is underneath it and what carries it.
bool is_public_wait(absl::string_view name) {
    if (!absl::StartsWith(name, "cede::")) return false;
    for (const char* plumbing : {"cede::detail::", "cede::(anonymous", "cede::await<", "cede::await(",
                                 "cede::Coroutine<", "cede::Fiber",
                                 "cede::Generator<", "cede::Yield<", "cede::AsyncYield<", "cede::AsyncGenerator<",
                                 "cede::Task<", "cede::Future<", "cede::EventLoop::", "cede::Context::", "cede::with<",
                                 "cede::capture_call_graph(", "cede::format_call_graph(", "cede::print_call_graph(",
                                 "cede::dump_tasks(", "cede::AnyTask::"}) {
        if (absl::StartsWith(name, plumbing)) return false;
    }
    return true;
}

// "cede::Queue::get" of "cede::Queue<int>::get(...)::{lambda()#1}::operator()() const".
std::string without_arguments(absl::string_view name) {
    std::string text;
    int depth = 0;
    for (const char c : name) {
        if (c == '<') ++depth;
        if (depth == 0) {
            if (c == '(' || c == '[') break;
            text += c;
        }
        if (c == '>') --depth;
    }
    return text;
}

// "cede::Queue::wait_for_item" of "cede::detail::QueueCore::wait_for_item()"; empty for what is no such state.
std::string public_name_of_state(absl::string_view name) {
    constexpr absl::string_view prefix = "cede::detail::";
    if (!absl::StartsWith(name, prefix)) return std::string();
    for (const char* plumbing : {"TaskCore", "FutureCore", "AsyncGeneratorCore", "GroupState"}) {
        if (absl::StartsWith(name.substr(prefix.size()), plumbing)) return std::string();
    }
    const std::string whole = without_arguments(name.substr(prefix.size()));
    for (const char* suffix : {"Core::", "State::"}) {
        const std::size_t at = whole.find(suffix);
        if (at != std::string::npos) {
            return "cede::" + whole.substr(0, at) + whole.substr(at + absl::string_view(suffix).size() - 2);
        }
    }
    return std::string();
}

// Without what is in brackets, which one demangler writes and another leaves out.
std::string skeleton(absl::string_view name) {
    std::string text;
    int depth = 0;
    for (const char c : qualified_name(name)) {
        if (c == '(' || c == '<') ++depth;
        if (depth == 0) text += c;
        if (c == ')' || c == '>') --depth;
    }
    return text;
}
// As addr2line takes it.
std::string unknown_function(const void* pc) {
    Dl_info module;
    if (dladdr(pc, &module) == 0 || module.dli_fname == nullptr) return "??";
    const absl::string_view path = module.dli_fname;
    const auto offset = static_cast<const char*>(pc) - static_cast<const char*>(module.dli_fbase);
    return absl::StrCat("?? in ", path.substr(path.rfind('/') + 1), "+0x", absl::Hex(offset));
}

bool same_function(absl::string_view a, absl::string_view b) { return skeleton(a) == skeleton(b); }

}  // namespace

void walk_stack(void* walk) noexcept { _Unwind_Backtrace(&note_frame, walk); }

std::string readable(std::string name) {
    name = absl::StrReplaceAll(std::move(name), {{"[abi:cxx11]", ""},
                                                 {"std::__cxx11::", "std::"},
                                                 {"std::basic_string<>", "std::string"},
                                                 {"std::basic_string<char, std::char_traits<char>, std::allocator<char> >",
                                                  "std::string"},
                                                 {"::operator()() const", ""},
                                                 {"::operator()()", ""},
                                                 {"{lambda()#", "{lambda#"}});
    if (absl::EndsWith(name, "::operator()")) name.resize(name.size() - absl::string_view("::operator()").size());
    return name;
}

const Symbols::Known& Symbols::look_up(const void* pc) {
    const auto found = known_.find(pc);
    if (found != known_.end()) return found->second;
    char text[1024];
    Known known;
    known.frame.pc = pc;
    if (absl::Symbolize(pc, text, sizeof text)) {
        // abseil's demangler gives up on some names that the compiler's own can read.
        std::string name = absl::StartsWith(text, "_Z") ? demangle(text) : text;
        known.of_the_library = of_the_library(name);
        known.frame.function = known.of_the_library ? std::move(name) : readable(std::move(name));
    } else {
        known.frame.function = unknown_function(pc);
    }
    if (known.of_the_library) unwrap_callable(known);
    if (!known.of_the_library || known.calls_back) lines_.find(pc, known.frame.file, known.frame.line);
    return known_.emplace(pc, std::move(known)).first->second;
}

// At -O2 a lambda has no frame of its own: it is a part of the function through which a Closure calls it, and only in the
// mangled name of that does its type appear.
void Symbols::unwrap_callable(Known& known) {
    if (!absl::StartsWith(known.frame.function, "cede::detail::Closure<>::OpsFor<>::call(")) return;
    const std::string name = demangle(lines_.mangled_name(known.frame.pc).c_str());
    constexpr absl::string_view before = "::OpsFor<";
    const std::size_t begin = name.find(before.data());
    std::size_t end = name.rfind(", true>::call(");
    if (end == std::string::npos) end = name.rfind(", false>::call(");
    if (begin == std::string::npos || end == std::string::npos || end <= begin + before.size()) return;
    const std::string callable = name.substr(begin + before.size(), end - begin - before.size());
    known.frame.function = readable(callable);
    known.calls_back = !of_the_library(callable);  // else it is what the user waits in: cede::sleep's own lambda, say
}

NamedStack Symbols::name(const void* const* pcs, std::size_t count) {
    NamedStack named;
    std::string inside;  // what to say where the function that a user calls is inlined
    for (std::size_t i = 0; i < count; ++i) {
        const Known& known = look_up(pcs[i]);
        const absl::string_view name = known.frame.function;
        if (!known.of_the_library) {
            named.frames.push_back(known.frame);
            if (name == "main") break;  // what has called that concerns nobody
        } else if (known.calls_back) {
            // Where the callable does have a frame of its own, that came just before.
            const bool told = !named.frames.empty() && same_function(named.frames.back().function, name);
            if (!told) named.frames.push_back(known.frame);
        } else if (absl::StartsWith(name, "cede::detail::AsyncGeneratorCore::run_body") && !named.frames.empty()) {
            named.frames.back().async_generator = true;  // what it called
        } else if (named.frames.empty() && named.waits_in.empty() && is_public_wait(qualified_name(name))) {
            named.waits_in = without_arguments(qualified_name(name));
        } else if (named.frames.empty() && inside.empty()) {
            inside = public_name_of_state(name);
        }
    }
    if (named.waits_in.empty()) named.waits_in = std::move(inside);
    return named;
}

void add_callable(const std::type_info& type, std::vector<StackFrame>& frames) {
    const std::string name = demangle(type.name());
    if (type == typeid(void) || of_the_library(name)) return;
    StackFrame frame;
    frame.pc = nullptr;
    frame.function = readable(name);
    frames.push_back(std::move(frame));
}

}  // namespace detail

std::string StackFrame::str() const {
    std::string text = (async_generator ? "async generator " : "") + function;
    if (!file.empty()) text += " at " + file + ":" + std::to_string(line);
    return text;
}

}  // namespace cede
