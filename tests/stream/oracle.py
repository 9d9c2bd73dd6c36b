#!/usr/bin/env python3
"""Gives asyncio's StreamReader and ours the same random bytes and reads, and compares what comes of each.

usage: oracle.py PROGRAM [CASES [SEED]]     exit status 1 when they differ

Left out, for there ours differs on purpose: a cancelled read(-1), which loses in asyncio what it has collected.
"""
import asyncio
import random
import subprocess
import sys

SEVERAL_SEPARATORS = sys.version_info >= (3, 13)
LETTERS = b"ab\n"


class TestError(Exception):
    pass


def random_bytes(most):
    return bytes(random.choice(LETTERS) for _ in range(random.randrange(most + 1)))


def separators():
    count = random.choice([1, 2, 3]) if SEVERAL_SEPARATORS else 1
    return "readuntil " + " ".join((random_bytes(3) + b"a").hex() for _ in range(count))


def random_case():
    yield "new %d" % random.choice([1, 3, 10, 30])
    for _ in range(random.randrange(25)):
        yield random.choices([
            "feed " + " ".join(random_bytes(12).hex() for _ in range(random.randrange(1, 4))),
            random.choice(["readline", separators(), "read %d" % random.randrange(-1, 15),
                           "readexactly %d" % random.randrange(-1, 30)]),
            "cancel", "eof", "error"], [50, 40, 5, 3, 2])[0]


class Subject:
    """What oracle.cpp does, with asyncio; drops the lines that make no sense in the state it is in."""

    def __init__(self):
        self.reader = self.task = None

    def accepts(self, line):
        verb = line.split()[0]
        waits = self.task is not None
        if verb == "feed":
            return not self.ended and not self.failed
        if verb == "eof":
            return not self.failed
        if verb == "cancel":
            return waits and not self.reads_all
        if verb.startswith("read"):
            return not waits
        return True

    async def do(self, line):
        verb, *words = line.split()
        if verb == "new":
            self.reader = asyncio.StreamReader(int(words[0]))
            self.task, self.ended, self.failed, self.reads_all = None, False, False, False
        elif not self.accepts(line):
            return None
        elif verb == "feed":
            for word in words:
                self.reader.feed_data(bytes.fromhex(word))
        elif verb == "eof":
            self.reader.feed_eof()
            self.ended = True
        elif verb == "error":
            self.reader.set_exception(TestError())
            self.failed = True
        elif verb == "cancel":
            self.task.cancel()
        else:
            self.start(verb, words)
        for _ in range(10):
            await asyncio.sleep(0)
        return self.report()

    def start(self, verb, words):
        if verb == "readuntil":
            wanted = tuple(bytes.fromhex(word) for word in words)
            arguments = [wanted if SEVERAL_SEPARATORS else wanted[0]]
        else:
            arguments = [int(word) for word in words]
        self.reads_all = verb == "read" and arguments[0] < 0
        self.task = asyncio.ensure_future(getattr(self.reader, verb)(*arguments))

    def report(self):
        text = "-"
        if self.task is not None:
            text = "pending"
            if self.task.done():
                text, self.task = self.outcome(), None
        return text + (" at_eof" if self.reader.at_eof() else "")

    def outcome(self):
        try:
            return "ok " + self.task.result().hex()
        except asyncio.IncompleteReadError as error:
            return "incomplete %s %s" % (error.partial.hex(), error.expected)
        except asyncio.LimitOverrunError as error:
            return "overrun %d %s" % (error.consumed, error.args[0])
        except ValueError as error:
            return "ValueError %s" % error
        except asyncio.CancelledError:
            return "cancelled"
        except TestError:
            return "error"


async def expectations(cases):
    """The lines that made sense, and what asyncio says to each."""
    lines, expected = [], []
    subject = Subject()
    for _ in range(cases):
        for line in random_case():
            result = await subject.do(line)
            if result is not None:
                lines.append(line)
                expected.append(result)
        if subject.task is not None:
            subject.task.cancel()
            await asyncio.sleep(0)
    return lines, expected


def main():
    program = sys.argv[1]
    cases = int(sys.argv[2]) if len(sys.argv) > 2 else 1500
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    random.seed(seed)
    lines, expected = asyncio.run(expectations(cases))
    run = subprocess.run([program], input="\n".join(lines) + "\n", stdout=subprocess.PIPE, universal_newlines=True)
    actual = run.stdout.splitlines()
    start = 0
    for number, line in enumerate(lines):
        start = number if line.startswith("new") else start
        got = actual[number] if number < len(actual) else "nothing: exit status %d" % run.returncode
        if got != expected[number]:
            print("seed %d differs:" % seed)
            for i in range(start, number):
                print("    %-40s %s" % (lines[i], expected[i]))
            sys.exit("    %-40s %s, but asyncio: %s" % (line, got, expected[number]))
    if run.returncode != 0:
        sys.exit("exit status %d" % run.returncode)
    print("%d steps agree" % len(lines))


if __name__ == "__main__":
    main()
