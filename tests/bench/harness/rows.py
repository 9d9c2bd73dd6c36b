"""What is measured: the rows, and the programs that have them."""
import collections
import functools
import pathlib
import subprocess

BENCH = pathlib.Path(__file__).resolve().parent.parent

# size, operations: see core/README.md. quick: the size and operations of --quick. goal: what the row should come to, in its
# unit. counted: the small sizes between which instructions are counted, as (size, operations); their difference leaves
# out what starting the program costs.
Row = collections.namedtuple("Row", "name title unit program size operations quick goal counted")

CORE = [
    Row("yield_2", "yield through the loop, 2 tasks", "ns", "yield", 2, 2000000, (2, 20000), 20,
        [(2, 10000), (2, 30000)]),
    Row("yield_1000", "the same, 1,000 tasks", "ns", "yield", 1000, 2000000, (1000, 20000), 24,
        [(1000, 10000), (1000, 30000)]),
    Row("create", "create a task and await it, one at a time", "ns", "create", 0, 500000, (0, 5000), 100,
        [(0, 5000), (0, 15000)]),
    Row("burst", "create 100,000 tasks, then await all, each", "ns", "burst", 100000, 1, (5000, 1), 300,
        [(2000, 1), (6000, 1)]),
    Row("ping_pong", "ping-pong between two tasks by futures, round trip", "ns", "ping_pong", 0, 500000, (0, 5000), 100,
        [(0, 5000), (0, 15000)]),
    Row("sleeps", "1,000,000 tasks that sleep a random part of a second, CPU", "s", "sleeps", 1000000, 1, (5000, 1), 4.5,
        [(2000, 1), (6000, 1)]),
    Row("timers", "1,000,000 timers with callbacks in a second, CPU", "s", "timers", 1000000, 1, (5000, 1), 0.8,
        [(2000, 1), (6000, 1)]),
    Row("parked", "a parked task, page tables included", "bytes", "parked", 100000, 1, (5000, 1), 4900, None),
]

# What cede alone is asked, by bench_core_health.
HEALTH = [
    Row("peak", "resident memory a second after 200,000 tasks with 64 KiB of stack each, of before", "%", "peak", 200000, 1,
        (2000, 1), 110, None),
    Row("peak_tables", "page tables then, of before", "%", "peak_tables", 200000, 1, (2000, 1), None, None),
    Row("reuse", "page faults for each task, in bursts of 1,000", "faults", "reuse", 1000, 100000, (1000, 10000), 0, None),
    Row("fair_timer", "a due timer waits for steps of 1,000 ready tasks, at worst", "steps", "fair_timer", 1000, 50,
        (1000, 3), 1061, None),
    Row("fair_socket", "a readable pipe, the same", "steps", "fair_socket", 1000, 2000, (1000, 100), 1061, None),
]

OURS = "cede"
LIMIT = "limit"
CORE_PEERS = ["boost_fiber", "asio_spawn", "asio_awaitable", "asio_callbacks", "libuv", "libevent", "state_threads", "go",
              "asyncio", "uvloop"]
TITLES = {"cede": "cede", "limit": "limit", "boost_fiber": "Boost.Fiber", "asio_spawn": "Asio spawn",
          "asio_awaitable": "Asio C++20", "asio_callbacks": "Asio callbacks", "libuv": "libuv", "libevent": "libevent",
          "state_threads": "State Threads", "go": "Go", "asyncio": "asyncio", "uvloop": "uvloop", "epoll": "plain epoll",
          "nginx": "nginx",
          "cede_streams": "cede streams", "cede_protocols": "cede protocols", "cede_sockets": "cede sock_*",
          "cede_group_1": "cede streams, LoopGroup(1)", "cede_group_2": "cede streams, LoopGroup(2)",
          "asyncio_streams": "asyncio streams", "asyncio_protocols": "asyncio protocols",
          "uvloop_streams": "uvloop streams", "uvloop_protocols": "uvloop protocols"}
PYTHON = ("asyncio", "uvloop")
# A Python peer does a tenth of the operations, since each takes ten times as long, and no row of a million.
PYTHON_SHARE = 10
NOT_IN_PYTHON = ("sleeps", "timers")
HELLOS = ["cede", "limit", "boost_fiber", "asio_spawn"]


def core_command(build, peer, row, size, operations):
    """The command line of one measurement, or None where that peer is not built or has no such row."""
    if peer in PYTHON:
        if row.name in NOT_IN_PYTHON or python_with(peer) is None:
            return None
        operations = max(operations // PYTHON_SHARE, size)
        return [python_with(peer), str(BENCH / "core/asyncio_rows.py"), peer, row.program, str(size), str(operations)]
    program = build / ("bench_core_" + peer)
    return [str(program), row.program, str(size), str(operations)] if program.exists() else None


@functools.lru_cache(maxsize=None)
def python_with(module):
    """An interpreter that has the module: the first on the path, or the system's, for which Debian packages modules."""
    for python in ("python3", "/usr/bin/python3"):
        try:
            if subprocess.run([python, "-c", "import " + module], capture_output=True, check=False).returncode == 0:
                return python
        except OSError:
            pass
    return None
