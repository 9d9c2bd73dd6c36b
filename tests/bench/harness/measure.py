"""Runs the programs, one after the other and over again, and keeps what each said."""
import os
import statistics
import subprocess
import sys
import tempfile
import time

from harness import rows

NO_SUCH_ROW = 3  # exit status, see support/bench.hpp


class Figures:
    """What one program measured for one row."""

    def __init__(self):
        self.values = []
        self.failure = None

    def as_json(self):
        if not self.values:
            return {"failure": self.failure}
        return {"median": statistics.median(self.values), "min": min(self.values), "max": max(self.values),
                "values": self.values}


def say(text):
    print(text, file=sys.stderr, flush=True)


def on_core(core):
    """For a Popen's preexec_fn: the program gets that core for itself, as far as there is one."""
    def pin():
        available = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {available[core % len(available)]})
    return pin


def run_for_figure(command, timeout):
    """The number that a program prints; None when it has no such row. Raises RuntimeError when it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, preexec_fn=on_core(0))
    except subprocess.TimeoutExpired:
        raise RuntimeError("more than %d s" % timeout) from None
    if done.returncode == NO_SUCH_ROW:
        return None
    if done.returncode != 0:
        words = done.stderr.strip().splitlines()
        raise RuntimeError(words[-1] if words else "exit status %d" % done.returncode)
    return float(done.stdout)


def interleaved(programs, repeats, measure, make=Figures):
    """Every program once, then every program again: a busy spell of the machine meets all of them alike.

    measure(program) returns a figure or None. Returns {program: Figures}, without those that have no such row.
    """
    figures = {program: make() for program in programs}
    for _ in range(repeats):
        for program in list(figures):
            if figures[program].failure is not None:
                continue
            try:
                value = measure(program)
            except RuntimeError as error:
                figures[program].failure = str(error)
                continue
            if value is None:
                del figures[program]
            else:
                figures[program].values.append(value)
    return figures


def table(the_rows, programs, command, wanted, quick, repeats):
    """{row name: {program: Figures}}; command(program, row, size, operations) is None for what is not built."""
    results = {}
    for row in the_rows:
        if not wanted(row.name):
            continue
        size, operations = row.quick if quick else (row.size, row.operations)

        def measure(program, row=row, size=size, operations=operations):
            words = command(program, row, size, operations)
            return run_for_figure(words, 300) if words else None

        # A row that takes seconds says more by itself.
        times = 1 if quick else max(1, repeats // 2) if row.unit in ("s", "%") else repeats
        begin = time.monotonic()
        if not quick:
            measure(rows.OURS)  # for nothing: memory that the machine has not used for a while costs whoever touches it first
        results[row.name] = interleaved(programs, times, measure)
        say("%-12s %5.1f s" % (row.name, time.monotonic() - begin))
    return results


def core_rows(build, wanted, quick, repeats):
    return table(rows.CORE, [rows.OURS, rows.LIMIT] + rows.CORE_PEERS,
                 lambda *arguments: rows.core_command(build, *arguments), wanted, quick, repeats)


def health_rows(build, wanted, quick, repeats):
    def command(_, row, size, operations):
        return [str(build / "bench_core_health"), row.program, str(size), str(operations)]
    return table(rows.HEALTH, [rows.OURS], command, wanted, quick, repeats)


def compile_hello(build, repeats):
    """{program: Figures}: the processor time of compiling the smallest program of each library, in seconds."""
    compiler = os.environ.get("CXX", "c++")
    include = str(rows.BENCH.parent.parent / "lib/include")

    def measure(name):
        if not (build / ("bench_core_" + name)).exists():
            return None
        with tempfile.TemporaryDirectory() as folder:
            begin = os.times()
            done = subprocess.run([compiler, "-std=c++14", "-O0", "-I" + include, "-c", "-o", folder + "/hello.o",
                                   str(rows.BENCH / "core/hello" / (name + ".cpp"))],
                                  capture_output=True, text=True, check=False)
            end = os.times()
        if done.returncode != 0:
            raise RuntimeError("does not compile")
        return end.children_user + end.children_system - begin.children_user - begin.children_system

    begin = time.monotonic()
    results = interleaved(rows.HELLOS, repeats, measure)
    say("%-12s %5.1f s" % ("hello", time.monotonic() - begin))
    return results
