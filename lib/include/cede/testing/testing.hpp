// What it is: the whole room. When to use it: in tests only; cede/cede.hpp leaves it out.
#ifndef CEDE_TESTING_TESTING_HPP
#define CEDE_TESTING_TESTING_HPP

#include "cede/testing/fail_allocations.hpp"
#include "cede/testing/fake_selector.hpp"
#include "cede/testing/interrupt.hpp"
#include "cede/testing/run.hpp"
#include "cede/testing/test_options.hpp"
#include "cede/testing/virtual_time_loop.hpp"

#endif
