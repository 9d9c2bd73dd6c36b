// Child processes, with any system call failing, in the parent and in the child before it executes its program.
#include "faults/fixtures.hpp"

#include "support/children.hpp"

namespace cede {
namespace tests {
namespace {

// A child takes the time it takes.
FaultOptions patient() {
    FaultOptions options;
    options.patience = 500;
    return options;
}

void ask_cat(const std::string& text) {
    const Process process = await(create_subprocess_exec(
        {"/bin/cat"}, SubprocessOptions().stdin_(subprocess::PIPE).stdout_(subprocess::PIPE).stderr_(subprocess::DEVNULL)));
    struct Ends {
        Process process;
        ~Ends() {
            try {
                if (!process.returncode()) process.kill();
            } catch (const std::system_error&) {  // it has ended
            }
        }
    } const ends{process};
    const Process::Output output = await(process.communicate(text));
    check_arrived(text, *output.first);
    if (process.returncode() != 0) throw std::logic_error("cat has failed");
}

void check_no_children() {
    if (!no_children()) throw std::logic_error("a child is left");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(processes)

BOOST_AUTO_TEST_CASE(a_child_that_is_talked_to) {
    BOOST_TEST(fail_every_system_call([] { ask_cat("hello"); }, &check_no_children, patient()) > 50);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
