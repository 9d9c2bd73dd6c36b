#!/usr/bin/env python3
"""Runs the benchmarks, ours and the peers' by turns, and writes results.json, results.md and results.svg.

    cmake --preset bench && cmake --build --preset bench
    tests/bench/run.py                         all rows; --quick for a look whether everything works
    tests/bench/run.py --rows yield,create     only the rows whose names begin so
    tests/bench/run.py --growth                how the cost of one operation grows with their number: growth.json, .md, .svg
    tests/bench/run.py --compare tests/bench/baseline.json    instructions per operation against the stored ones
"""
import argparse
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness import growth, instructions, machine, measure, network, report, rows, web  # noqa: E402  (needs the path)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = rows.BENCH.parent.parent
    parser.add_argument("--build", type=pathlib.Path, default=root / "build/bench/tests/bench",
                        help="where the programs are")
    parser.add_argument("--out", type=pathlib.Path, default=root / "build/bench/results", help="folder for the results")
    parser.add_argument("--rows", default="", help="names, or beginnings of names, separated by commas")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="small sizes, once: no figures to quote")
    parser.add_argument("--growth", action="store_true", help="sizes from 1 to 1,000,000, on cede and by hand")
    parser.add_argument("--compare", metavar="FILE", help="count instructions; fail where one grew by more than 3 %%")
    parser.add_argument("--store", metavar="FILE", help="count instructions and keep them")
    return parser.parse_args()


def main():
    options = arguments()
    names = [name for name in options.rows.split(",") if name]

    def wanted(row):
        return not names or any(row.startswith(name) for name in names)

    if not (options.build / "bench_core_cede").exists():
        sys.exit("nothing built in %s: cmake --preset bench && cmake --build --preset bench" % options.build)
    if options.compare or options.store:
        counts = instructions.per_operation(options.build, wanted)
        if options.store:
            instructions.store(options.store, counts)
        if options.compare and not instructions.compare(options.compare, counts):
            sys.exit(1)
        return

    if options.growth:
        print(growth.run(options.build, wanted, options.quick, options.repeats, machine.describe(), options.out))
        return

    results = report.Results(machine.describe(), " ".join(["tests/bench/run.py"] + sys.argv[1:]))
    for row in rows.CORE + rows.HEALTH:
        results.add_row(row.name, row.title, row.unit, row.goal)
    results.fill(measure.core_rows(options.build, wanted, options.quick, options.repeats))
    if wanted("hello"):
        results.add_row("hello", "compile a hello, CPU", "s", 1.0)
        results.fill({"hello": measure.compile_hello(options.build, 1 if options.quick else options.repeats)})
    results.fill(measure.health_rows(options.build, wanted, options.quick, options.repeats))
    network.run(options.build, wanted, options.quick, options.repeats, results)
    web.run(options.build, wanted, options.quick, options.repeats, results)
    report.write(results, options.out)
    print(report.markdown(results))


if __name__ == "__main__":
    main()
