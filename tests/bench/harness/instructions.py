"""How many instructions an operation takes, by callgrind: repeatable to a thousandth on any machine, busy or not, and so
what a change is judged by. Time also has cache misses and mispredicted returns, which this does not see.
"""
import json
import os
import pathlib
import re
import subprocess
import tempfile

from harness import rows

TOLERANCE = 0.03


def count(command):
    """All instructions that a program executes."""
    # Timers are all due when they are looked at: how often the loop wakes up must not depend on the machine.
    environment = dict(os.environ, BENCH_SPREAD_US="1000")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=" + folder + "/out"] + command,
                              capture_output=True, text=True, env=environment, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or found is None:
        raise RuntimeError("%s under callgrind: %s" % (" ".join(command), done.stderr[-500:]))
    return int(found.group(1))


def per_operation(build, wanted):
    """{row name: instructions for one operation, task or timer} on cede."""
    result = {}
    for row in rows.CORE:
        if row.counted is None or not wanted(row.name):
            continue
        (small, few), (large, many) = row.counted
        counts = [count(rows.core_command(build, rows.OURS, row, size, operations)) for size, operations in row.counted]
        more = many - few if many != few else large - small
        result[row.name] = round((counts[1] - counts[0]) / more, 1)
    return result


def compiler():
    done = subprocess.run([os.environ.get("CXX", "c++"), "--version"], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[0] if done.stdout else "unknown"


def store(path, counts):
    document = {"compiler": compiler(), "instructions_per_operation": counts}
    pathlib.Path(path).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def compare(path, counts):
    """Prints the comparison; returns whether no row got worse by more than the tolerance."""
    stored = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    if stored["compiler"] != compiler():
        print("stored with %s, counted with %s" % (stored["compiler"], compiler()))
    good = True
    for name, now in counts.items():
        before = stored["instructions_per_operation"].get(name)
        if before is None:
            print("%-12s %10.1f   not stored" % (name, now))
            continue
        change = now / before - 1
        worse = change > TOLERANCE
        good = good and not worse
        print("%-12s %10.1f   was %10.1f   %+6.1f %%%s" % (name, now, before, change * 100, "   WORSE" if worse else ""))
    if not good:
        print("More than %d %% worse. If it is meant, store the new figures: --store %s" % (TOLERANCE * 100, path))
    return good
