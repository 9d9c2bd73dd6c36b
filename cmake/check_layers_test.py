#!/usr/bin/env python3
"""Feeds check_layers.py a tree that is in order, then that tree with one thing wrong at a time."""
import pathlib
import tempfile
import unittest

import check_layers

GOOD = {
    "lib/include/cede/cede.hpp": '#include "cede/stream/stream.hpp"\n#include <cede/debug/dump.hpp>\n',
    "lib/include/cede/base/errors.hpp": "#include <absl/types/optional.h>\n",
    "lib/include/cede/selectors/base.hpp": '#include "cede/base/errors.hpp"\n',
    "lib/include/cede/loop/loop.hpp": '#include "cede/selectors/base.hpp"\n#include "cede/base/errors.hpp"\n',
    "lib/include/cede/fiber/fiber.hpp": '#include "cede/base/errors.hpp"\n',
    "lib/include/cede/coroutine/coroutine.hpp": '#include "cede/fiber/fiber.hpp"\n',
    "lib/include/cede/task/task.hpp": '#include "cede/loop/loop.hpp"\n#include "cede/coroutine/coroutine.hpp"\n',
    "lib/include/cede/sync/lock.hpp": '#include "cede/task/task.hpp"\n',
    "lib/include/cede/net/socket.hpp": '#include "cede/task/task.hpp"\n',
    "lib/include/cede/stream/stream.hpp": '#include "cede/net/socket.hpp"\n#include "cede/sync/lock.hpp"\n',
    "lib/include/cede/debug/dump.hpp": '#include "cede/stream/stream.hpp"\n',
    "lib/include/cede/testing/clock.hpp": '#include "cede/debug/dump.hpp"\n#include "cede/loop/loop.hpp"\n',
    "lib/src/fiber/fiber.cpp": '#include "fiber/stack.hpp"\n#include <boost/context/fiber.hpp>\n',
    "lib/src/fiber/stack.hpp": '#include "cede/fiber/fiber.hpp"\n// #include "cede/loop/loop.hpp" would be wrong\n',
    "lib/src/loop/loop.cpp": '#include "loop/ready.hpp"\n#include "../selectors/epoll.hpp"\n',
    "lib/src/loop/ready.hpp": '#include "cede/loop/loop.hpp"\n',
    "lib/src/selectors/epoll.hpp": "",
    "tests/loop/loop_test.cpp": '#include "cede/testing/clock.hpp"\n#include "loop/ready.hpp"\n',
    "adapters/curl/include/cede/adapters/curl.hpp": "#include <cede/cede.hpp>\n",
    "adapters/curl/src/curl.cpp": '#include "multi.hpp"\n#include <cede/adapters/curl.hpp>\n',
    "adapters/curl/src/multi.hpp": "#include <curl/curl.h>\n",
    "adapters/uv/include/cede/adapters/uv.hpp": "",
    "examples/timeline.cpp": "#include <cede/cede.hpp>\n",
    "examples/expected/timeline.txt": "A\n",
}
for folder in ["lib/include/cede/" + room for room in check_layers.ROOMS] + [
        "tests", "tests/loop", "adapters", "adapters/curl", "adapters/uv", "examples"]:
    GOOD[folder + "/README.md"] = "what lives here\n"

# (what is wrong, file, text to put there or None to remove it, what the complaint must say)
BAD = [
    ("selectors include loop", "lib/include/cede/selectors/base.hpp", '#include "cede/loop/loop.hpp"\n', "may not include loop"),
    ("loop includes fiber", "lib/include/cede/loop/loop.hpp", '#include "cede/fiber/fiber.hpp"\n', "may not include fiber"),
    ("loop includes coroutine", "lib/src/loop/ready.hpp", '#include <cede/coroutine/coroutine.hpp>\n', "may not include coroutine"),
    ("coroutine includes loop", "lib/include/cede/coroutine/coroutine.hpp", '  #  include "cede/loop/loop.hpp"\n', "may not include loop"),
    ("fiber includes coroutine", "lib/src/fiber/stack.hpp", '#include "cede/coroutine/coroutine.hpp"\n', "may not include coroutine"),
    ("base includes fiber", "lib/include/cede/base/errors.hpp", '#include "cede/fiber/fiber.hpp"\n', "may not include fiber"),
    ("task includes net", "lib/include/cede/task/task.hpp", '#include "cede/net/socket.hpp"\n', "may not include net"),
    ("sync includes net", "lib/include/cede/sync/lock.hpp", '#include "cede/net/socket.hpp"\n', "may not include net"),
    ("net includes sync", "lib/include/cede/net/socket.hpp", '#include "cede/sync/lock.hpp"\n', "may not include sync"),
    ("net includes stream", "lib/include/cede/net/socket.hpp", '#include "cede/stream/stream.hpp"\n', "may not include stream"),
    ("stream includes debug", "lib/include/cede/stream/stream.hpp", '#include "cede/debug/dump.hpp"\n', "may not include debug"),
    ("debug includes testing", "lib/include/cede/debug/dump.hpp", '#include "cede/testing/clock.hpp"\n', "may not include testing"),
    ("cede.hpp includes testing", "lib/include/cede/cede.hpp", '#include "cede/testing/clock.hpp"\n', "may not include testing"),
    ("an example includes testing", "examples/timeline.cpp", '#include <cede/testing/clock.hpp>\n', "for tests"),
    ("a room includes cede.hpp", "lib/include/cede/sync/lock.hpp", '#include <cede/cede.hpp>\n', "is for users"),
    ("through a private header", "lib/src/selectors/epoll.hpp", '#include "loop/ready.hpp"\n', "may not include loop"),
    ("through a relative path", "lib/src/selectors/epoll.hpp", '#include "../loop/ready.hpp"\n', "may not include loop"),
    ("a header not there yet", "lib/src/selectors/epoll.hpp", '#include "cede/task/later.hpp"\n', "may not include task"),
    ("public includes private", "lib/include/cede/loop/loop.hpp", '#include "loop/ready.hpp"\n', "includes a private one"),
    ("an unknown room", "lib/include/cede/attic/box.hpp", "", "is not a room"),
    ("Boost in a public header", "lib/include/cede/base/errors.hpp", "#include <boost/config.hpp>\n", "Boost belongs"),
    ("Boost in the fiber's header", "lib/include/cede/fiber/fiber.hpp", "#include <boost/config.hpp>\n", "Boost belongs"),
    ("Boost in another room", "lib/src/loop/loop.cpp", "#include <boost/asio.hpp>\n", "Boost belongs"),
    ("Boost.Context twice", "lib/src/fiber/other.cpp", "#include <boost/context/fiber.hpp>\n", "exactly one"),
    ("Boost.Context nowhere", "lib/src/fiber/fiber.cpp", "", "exactly one"),
    ("an adapter includes another", "adapters/uv/include/cede/adapters/uv.hpp", "#include <cede/adapters/curl.hpp>\n", "never includes another"),
    ("an adapter includes private", "adapters/curl/src/curl.cpp", '#include "loop/ready.hpp"\n', "public headers only"),
    ("an adapter reaches out", "adapters/curl/src/curl.cpp", '#include "../../../lib/src/loop/ready.hpp"\n', "own folder"),
    ("a room without README", "lib/include/cede/net/README.md", None, "has no README.md"),
    ("tests without README", "tests/README.md", None, "has no README.md"),
    ("a test folder without README", "tests/loop/README.md", None, "has no README.md"),
    ("an example folder without README", "examples/fetch/main.cpp", "", "has no README.md"),
    ("a long source", "lib/src/loop/loop.cpp", "// line\n" * 501, "501 lines"),
    ("a long script", "cmake/long.sh", "# line\n" * 501, "501 lines"),
]


class LayersTest(unittest.TestCase):
    def problems(self, changes):
        with tempfile.TemporaryDirectory() as root:
            for name, text in dict(GOOD, **changes).items():
                if text is not None:
                    path = pathlib.Path(root, name)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text)
            return check_layers.Tree(root).check()

    def test_a_tree_in_order(self):
        self.assertEqual(self.problems({}), [])

    def test_500_lines_are_not_too_many(self):
        self.assertEqual(self.problems({"lib/src/loop/loop.cpp": "// line\n" * 500}), [])

    def test_each_violation_is_found_where_it_is(self):
        for what, name, text, expected in BAD:
            with self.subTest(what):
                problems = self.problems({name: text})
                self.assertTrue(any(expected in problem for problem in problems), problems)
                if "exactly one" not in expected and text is not None and "README" not in expected:
                    self.assertTrue(any(problem.startswith(name) for problem in problems), problems)


if __name__ == "__main__":
    unittest.main()
