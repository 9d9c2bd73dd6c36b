"""How the cost of one operation grows with how many tasks, timers or connections there are, on cede and by hand."""
import collections
import json
import time

from harness import measure, network, report, rows, svg

SIZES = [1, 10, 1000, 10000, 100000, 1000000]
QUICK_SIZES = [1, 10, 1000]

# share: the program's figure is for all, and is divided; factor: to the unit.
Growth = collections.namedtuple("Growth", "name title unit program operations share factor")
GROWTHS = [
    Growth("yield", "a yield among so many tasks", "ns", "yield", 2000000, False, 1),
    Growth("create", "create and await a task beside so many idle ones", "ns", "create", 200000, False, 1),
    Growth("ping_pong", "a round trip of two tasks beside so many idle ones", "ns", "ping_pong", 200000, False, 1),
    Growth("burst", "one of so many tasks made at once", "ns", "burst", 1, False, 1),
    Growth("sleeps", "one of so many tasks that sleep", "ns", "sleeps", 1, True, 1e9),
    Growth("timers", "one of so many timers", "ns", "timers", 1, True, 1e9),
    Growth("parked", "a parked task of so many", "bytes", "parked", 1, False, 1),
    Growth("echo", "a message beside so many idle connections, CPU", "ns", None, 0, False, 1000),
]
ECHO = network.EchoRow("", "", 64, 64)  # connections that are busy, bytes
ECHO_SERVERS = {rows.OURS: "cede_streams", rows.LIMIT: "epoll"}


def figure(build, peer, growth, size, repeats):
    """The median for one size, or None where it fails."""
    if growth.program is None:
        found = measure.interleaved([peer], repeats, lambda _: echo(build, ECHO_SERVERS[peer], size),
                                    network.NetworkFigures)[peer].as_json()
    else:
        command = [str(build / ("bench_core_" + peer)), growth.program, str(size), str(max(growth.operations, size))]
        found = measure.interleaved([peer], repeats, lambda _: measure.run_for_figure(command, 300))[peer].as_json()
    if "median" not in found:
        return None
    return found["median"] * growth.factor / (size if growth.share else 1)


def echo(build, server, idle):
    if network.raise_file_limit() < ECHO.connections + idle + 100:
        raise RuntimeError("the limit of open files")
    figures = network.echo_once(build, server, ECHO, 0.5, idle)
    if figures is None:
        raise RuntimeError("not built")
    return figures


def run(build, wanted, quick, repeats, machine, folder):
    """Measures, and writes growth.json, growth.md and growth.svg."""
    sizes = QUICK_SIZES if quick else SIZES
    results = {}
    for growth in GROWTHS:
        if not wanted(growth.name):
            continue
        begin = time.monotonic()
        results[growth.name] = {
            "title": growth.title, "unit": growth.unit,
            "figures": {peer: {size: figure(build, peer, growth, size, 1 if quick else max(1, repeats // 2))
                               for size in sizes} for peer in (rows.OURS, rows.LIMIT)}}
        measure.say("%-12s %5.1f s" % (growth.name, time.monotonic() - begin))
    folder.mkdir(parents=True, exist_ok=True)
    document = json.dumps({"machine": machine, "rows": results}, indent=1)
    (folder / "growth.json").write_text(document + "\n", encoding="utf-8")
    text = markdown(results, sizes)
    (folder / "growth.md").write_text(text, encoding="utf-8")
    (folder / "growth.svg").write_text(svg.lines(results, rows.OURS), encoding="utf-8")
    return text


def markdown(results, sizes):
    lines = ["# How cost grows", "", "Medians on cede, in brackets by hand on raw Boost.Context or plain epoll; what is missing did not fit.", "",
             "| | " + " | ".join(format(size, ",") for size in sizes) + " |", "| --- |" + " ---: |" * len(sizes)]
    for row in results.values():
        cells = []
        for size in sizes:
            ours, limit = (row["figures"][peer][size] for peer in (rows.OURS, rows.LIMIT))
            cells.append("%s (%s)" % tuple("-" if value is None else report.number(value) for value in (ours, limit)))
        lines.append("| %s, %s | %s |" % (row["title"], row["unit"], " | ".join(cells)))
    return "\n".join(lines) + "\n"
