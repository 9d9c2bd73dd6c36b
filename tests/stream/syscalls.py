#!/usr/bin/env python3
"""Counts the system calls of one message on a kept-open connection, by strace.

usage: syscalls.py ECHO_ROUNDS     exit status 1 if there are too many, 77 if they cannot be counted here
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
FEW, MANY = 100, 1100
# For each message and its echo, both ends in one process: a read, a write and a wait at either end.
ALLOWED = {"recv": 2, "send": 2, "epoll_wait": 2}
NAMES = {"recvfrom": "recv", "recvmsg": "recv", "read": "recv", "readv": "recv",
         "sendto": "send", "sendmsg": "send", "write": "send", "writev": "send",
         "epoll_pwait": "epoll_wait", "epoll_pwait2": "epoll_wait"}


def skip(why):
    print("skipped: " + why)
    sys.exit(SKIPPED)


def count(program, rounds):
    """The number of calls by name."""
    with tempfile.TemporaryDirectory() as folder:
        summary = pathlib.Path(folder, "summary")
        run = subprocess.run(["strace", "-f", "-c", "-o", str(summary), program, str(rounds)],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
        if run.returncode != 0:
            if "ptrace" in run.stdout or "Operation not permitted" in run.stdout:
                skip("strace may not trace here: " + run.stdout.strip())
            sys.exit("the program failed: " + run.stdout)
        calls = {}
        for line in summary.read_text().splitlines():
            # % time, seconds, usecs/call, calls, errors or nothing, name
            match = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", line)
            if match and match.group(2) != "total":
                name = NAMES.get(match.group(2), match.group(2))
                calls[name] = calls.get(name, 0) + int(match.group(1))
        if not calls:
            sys.exit("strace's summary was not understood:\n" + summary.read_text())
        return calls


def main():
    if shutil.which("strace") is None:
        skip("strace is not installed")
    program = sys.argv[1]
    few, many = count(program, FEW), count(program, MANY)
    failed = False
    for name in sorted(set(few) | set(many) | set(ALLOWED)):
        each = (many.get(name, 0) - few.get(name, 0)) / (MANY - FEW)
        # Up to one call in fifty messages is the noise of starting and ending.
        too_many = each > ALLOWED.get(name, 0) + 0.02
        failed = failed or too_many
        if name in ALLOWED or too_many:
            print("%-12s %.3f for each message%s" % (name, each, "  TOO MANY" if too_many else ""))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
