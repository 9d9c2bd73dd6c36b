// main() of every test executable. It is spelt out rather than asked for by BOOST_TEST_MODULE, because Boost.Test makes
// that one while its header is read, and the precompiled header has read it already.
#include <cstdlib>

#include <boost/test/unit_test.hpp>

static bool init() { return true; }

int main(int argc, char** argv) {
    // Boost.Test's signal handlers and its alternate stack would stand in front of the fiber room's own, of the
    // sanitizers' and of a core dump. A test that crashes is to crash.
    setenv("BOOST_TEST_CATCH_SYSTEM_ERRORS", "no", 0);
    return boost::unit_test::unit_test_main(&init, argc, argv);
}
