#!/usr/bin/env python3
"""Holds the list of asyncio's behaviours against the tests that show them.

usage: table.py             complains of what is amiss; exit status 1 if anything is
       table.py --print     prints the table of README.md
       table.py --write     puts it there
       table.py --missing   names the ids without a test, one a line

ids.txt has a line for each behaviour: its id alone, or with `n/a: why it does not apply here`, or with `not yet: why`. A
line `MODULE not yet: why` speaks for all ids of a module. A test names an id in its case's name (`LOCK_007_...`) or in a
comment (`// LOCK-007, 009, 011 to 013`). An id that is "not yet" and has a test all the same counts as tested.
"""
import collections
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
IDS = HERE / "ids.txt"
README = HERE / "README.md"
BEGIN, END = "<!-- table.py writes from here -->\n", "<!-- to here -->\n"

LINE = re.compile(r"^([A-Z]+)(?:-(\d{3}))?(?:\s+(n/a|not yet):\s*(\S.*))?$")


class Catalogue:
    def __init__(self, text):
        self.modules = collections.OrderedDict()  # name -> {number: None or (verdict, reason)}
        self.not_yet = {}                         # module -> reason
        self.problems = []
        for number, line in enumerate(text.splitlines(), 1):
            line = line.split("#", 1)[0].strip()
            if line:
                self.add(number, line)

    def add(self, number, line):
        match = LINE.match(line)
        module, which, verdict, reason = match.groups() if match else (None,) * 4
        if not match or (which is None and verdict != "not yet"):
            self.problems.append("ids.txt:%d: not an id, nor an id with a verdict and a reason: %s" % (number, line))
        elif which is None:
            self.not_yet[module] = reason
            self.modules.setdefault(module, {})
        elif which in self.modules.setdefault(module, {}):
            self.problems.append("ids.txt:%d: %s-%s is there twice" % (number, module, which))
        else:
            self.modules[module][which] = (verdict, reason) if verdict else None


def cited(text, modules):
    """The (module, number) pairs that a test's source names."""
    name = r"\b(%s)" % "|".join(modules)
    found = set()
    # Underscores are part of a word, so the names of cases are taken apart first: LOCK_016_017_x, LOCK_016_TASK_001_x.
    for match in re.finditer(r"(?<![A-Za-z0-9])(%s)((?:_\d{3}(?!\d))+)" % "|".join(modules), text):
        found.update((match.group(1), each) for each in re.findall(r"\d{3}", match.group(2)))
    # Lines of comment are joined, since a list may go over several.
    text = re.sub(r"\n[ \t]*(//|#)[ \t]*", " ", text)
    for match in re.finditer(name + r"-(\d{3}(?!\d)(?:(?:,| and|, and| to) *\d{3}(?!\d))*)", text):
        numbers = re.findall(r"(to )?(\d{3})", re.sub(r" +", " ", match.group(2)))
        for place, (to, each) in enumerate(numbers):
            first = int(numbers[place - 1][1]) + 1 if to else int(each)
            found.update((match.group(1), "%03d" % n) for n in range(first, int(each) + 1))
    return found


def test_folders():
    return [HERE.parent, *HERE.parents[1].glob("adapters/*/tests")]


def tested(modules):
    found = set()
    for path in sorted(path for folder in test_folders() for path in folder.rglob("*")):
        if path.is_file() and (
                path.name.endswith("_test.cpp") or path.suffix == ".py") and path.name not in ("table.py", "table_test.py"):
            found |= cited(path.read_text(encoding="utf-8"), modules)
    return found


def verdict(catalogue, tests, module, number):
    if (module, number) in tests:
        return "passing"
    own = catalogue.modules[module][number]
    if own:
        return own[0]
    return "not yet" if module in catalogue.not_yet else "missing"


def table(catalogue, tests):
    lines = ["| module | ids | passing | not applicable | not yet |", "| --- | ---: | ---: | ---: | ---: |"]
    sums = collections.Counter()
    for module, ids in catalogue.modules.items():
        counts = collections.Counter(verdict(catalogue, tests, module, each) for each in ids)
        counts["ids"] = len(ids)
        sums += counts
        lines.append(row(module, counts))
    return "\n".join(lines + [row("**all**", sums)]) + "\n"


def row(name, counts):
    undone = counts["not yet"] + counts["missing"]
    return "| %s | %d | %d | %d | %d |" % (name, counts["ids"], counts["passing"], counts["n/a"], undone)


def problems(catalogue, tests, readme):
    yield from catalogue.problems
    for module, ids in catalogue.modules.items():
        for each in ids:
            if verdict(catalogue, tests, module, each) == "missing":
                yield "%s-%s has no test: cite it in one, or give the reason in ids.txt" % (module, each)
            if (module, each) in tests and ids[each] and ids[each][0] == "n/a":
                yield "%s-%s is said not to apply, but has a test" % (module, each)
    for module, number in sorted(tests):
        if number not in catalogue.modules[module]:
            yield "a test cites %s-%s, which is not in ids.txt" % (module, number)
    if BEGIN not in readme or END not in readme:
        yield "README.md has no place for the table"
    elif readme.split(BEGIN)[1].split(END)[0] != table(catalogue, tests):
        yield "the table in README.md is out of date: run tests/conformance/table.py --write"


def main(argument):
    catalogue = Catalogue(IDS.read_text(encoding="utf-8"))
    tests = tested(list(catalogue.modules))
    readme = README.read_text(encoding="utf-8")
    if argument == "--print":
        sys.stdout.write(table(catalogue, tests))
    elif argument == "--write":
        before, rest = readme.split(BEGIN)
        README.write_text(before + BEGIN + table(catalogue, tests) + END + rest.split(END)[1], encoding="utf-8")
    elif argument == "--missing":
        for module, ids in catalogue.modules.items():
            for each in ids:
                if verdict(catalogue, tests, module, each) == "missing":
                    print("%s-%s" % (module, each))
    elif argument:
        sys.exit(__doc__)
    else:
        found = list(problems(catalogue, tests, readme))
        for each in found:
            print(each)
        return 1 if found else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
