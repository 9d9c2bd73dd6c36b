// What it is: one line of a stack: a function that has not returned, or had not when something was created. When to use it:
// with Task::get_stack, source_traceback and call graphs. When not: for the place of an error; exceptions carry none.
#ifndef CEDE_BASE_STACK_FRAME_HPP
#define CEDE_BASE_STACK_FRAME_HPP

#include <string>

namespace cede {

struct StackFrame {
    const void* pc;               // where it goes on
    std::string function;         // its name, "?? in program+0x12ab" when the program has no symbols
    std::string file;             // its source, empty unless the program has line numbers (-g1) and libdw is installed
    unsigned line = 0;
    bool async_generator = false;  // it is the body of one

    // "function at file:line", as far as it is known; for an async generator with that in front.
    std::string str() const;
};

}  // namespace cede

#endif
