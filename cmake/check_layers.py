#!/usr/bin/env python3
"""Checks that the rooms keep their order, and a few other habits that no compiler sees.

usage: check_layers.py [ROOT]     prints one line for each violation; exit status 1 if there is one
"""
import pathlib
import re
import sys

# Room -> the rooms below it whose files it may include, written as the arrows are drawn; closed over below.
DIRECT = {
    "base": [],
    "selectors": ["base"],
    "loop": ["selectors"],
    "fiber": ["base"],
    "coroutine": ["fiber"],
    "task": ["loop", "coroutine"],
    "sync": ["task"],
    "net": ["task"],
    "stream": ["net", "sync"],
}
ALL_SEEING = ["debug", "testing"]
NOT_FOR_THE_LIBRARY = "testing"
MAX_LINES = 500

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
CODE = {".hpp", ".h", ".inc", ".cpp", ".cc", ".py", ".sh", ".cmake"}


def below(room):
    rooms = {room}
    for lower in DIRECT[room]:
        rooms |= below(lower)
    return rooms


ALLOWED = {room: below(room) for room in DIRECT}
ROOMS = set(DIRECT) | set(ALL_SEEING)
ALLOWED["debug"] = ROOMS - {NOT_FOR_THE_LIBRARY}
ALLOWED["testing"] = ROOMS
ROOFLESS = ROOMS - {NOT_FOR_THE_LIBRARY}  # cede.hpp and files beside it belong to no room


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        self.include = self.root / "lib/include"
        self.src = self.root / "lib/src"
        self.problems = []

    def complain(self, path, text):
        self.problems.append("%s: %s" % (path.relative_to(self.root), text))

    def files(self, *folders, suffixes=(".hpp", ".h", ".inc", ".cpp", ".cc")):
        for folder in folders:
            for path in sorted((self.root / folder).rglob("*")):
                if path.is_file() and path.suffix in suffixes:
                    yield path

    def includes(self, path):
        text = path.read_text(encoding="utf-8", errors="replace")
        return [(text.count("\n", 0, match.start(2)) + 1, match.group(1), match.group(2))
                for match in INCLUDE.finditer(text)]

    def resolve(self, path, quote, name):
        """The file of this library that an include means, found as the compiler finds it, or None."""
        folders = ([path.parent] if quote == '"' else []) + [self.include, self.src]
        for folder in folders:
            target = (folder / name).resolve()
            if target.is_file() and (self.include in target.parents or self.src in target.parents):
                return target
        # A header that is not there (yet) still says which room it would be in.
        return self.include / name if name.startswith("cede/") else None

    def room(self, path):
        base = self.include / "cede" if self.include in path.parents else self.src
        parts = path.relative_to(base).parts
        return parts[0] if len(parts) > 1 else None

    def check_rooms(self):
        for path in self.files("lib/include", "lib/src"):
            room = self.room(path)
            if room is not None and room not in ROOMS:
                self.complain(path, "'%s' is not a room: name it in cmake/check_layers.py" % room)
                continue
            for line, quote, name in self.includes(path):
                target = self.resolve(path, quote, name)
                if target is None:
                    continue
                if self.include in path.parents and self.src in target.parents:
                    self.complain(path, "%d: a public header includes a private one, %s" % (line, name))
                if target.parent == self.include / "cede":
                    if room is not None:
                        self.complain(path, "%d: %s is for users; include the rooms' headers" % (line, name))
                    continue
                other = self.room(target)
                if other is not None and other not in (ROOFLESS if room is None else ALLOWED[room]):
                    self.complain(path, "%d: %s may not include %s (%s)" % (line, room or "cede.hpp", other, name))

    def check_boost(self):
        context = set()
        for path in self.files("lib/include", "lib/src"):
            public = self.include in path.parents
            for line, _, name in self.includes(path):
                if not name.startswith("boost/"):
                    continue
                if public or self.room(path) != "fiber":
                    self.complain(path, "%d: Boost belongs to lib/src/fiber (%s)" % (line, name))
                if name.startswith("boost/context"):
                    context.add(path)
        if len(context) != 1:
            names = ", ".join(str(path.relative_to(self.root)) for path in sorted(context)) or "none"
            self.complain(self.src, "Boost.Context is included by exactly one file, not by: %s" % names)

    def check_adapters(self):
        for path in self.files("adapters"):
            own = path.relative_to(self.root / "adapters").parts[0]
            for line, quote, name in self.includes(path):
                if quote == '"' and (path.parent / name).exists():
                    target = (path.parent / name).resolve()
                    if self.root / "adapters" / own in target.parents:
                        continue
                    self.complain(path, "%d: an adapter keeps to its own folder and public headers (%s)" % (line, name))
                elif name.startswith("cede/adapters/"):
                    if pathlib.PurePath(name).parts[2].split(".")[0] != own:
                        self.complain(path, "%d: an adapter never includes another (%s)" % (line, name))
                elif not name.startswith("cede/") and (self.src / name).exists() and "/" in name:
                    self.complain(path, "%d: an adapter uses public headers only (%s)" % (line, name))

    def check_testing_is_for_tests(self):
        for path in self.files("examples", "adapters"):
            if "tests" in path.relative_to(self.root).parts:
                continue
            for line, _, name in self.includes(path):
                if name.startswith("cede/" + NOT_FOR_THE_LIBRARY + "/"):
                    self.complain(path, "%d: %s is for tests (%s)" % (line, NOT_FOR_THE_LIBRARY, name))

    def check_readmes(self):
        folders = [self.root / name for name in ("tests", "adapters", "examples")]
        for parent in [self.include / "cede"] + folders:
            if parent.is_dir():
                folders += [folder for folder in sorted(parent.iterdir()) if folder.is_dir()]
        for folder in folders:
            if folder.name in ("expected", "__pycache__"):  # data, which examples/README.md describes
                continue
            if folder.is_dir() and any(folder.iterdir()) and not (folder / "README.md").is_file():
                self.complain(folder, "has no README.md that says what lives there")

    def check_lengths(self):
        for path in self.files("lib", "adapters", "tests", "examples", "cmake", suffixes=CODE):
            lines = path.read_bytes().count(b"\n")
            if lines > MAX_LINES:
                self.complain(path, "%d lines; more than %d are usually two concepts" % (lines, MAX_LINES))

    def check(self):
        for name in sorted(name for name in dir(self) if name.startswith("check_")):
            getattr(self, name)()
        return self.problems


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    problems = Tree(root).check()
    for problem in problems:
        print(problem)
    print("layers: %s" % ("%d violations" % len(problems) if problems else "in order"))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
