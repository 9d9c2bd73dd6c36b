"""Network rows: a server on the first core, its load on the second."""
import collections
import os
import resource
import signal
import statistics
import subprocess
import time

from harness import measure, rows

EchoRow = collections.namedtuple("EchoRow", "name title connections size")
ECHO = [EchoRow("echo_%d_%d" % (connections, size), "TCP echo, %s connections, %s" % (format(connections, ","), text),
                connections, size)
        for size, text in ((64, "64 B"), (16384, "16 KiB")) for connections in (1, 64, 1000, 10000)]

# Server: the arguments of its program, after bench_net_NAME or the Python script.
SERVERS = {
    "cede_streams": ["bench_net_cede", "streams"],
    "cede_protocols": ["bench_net_cede", "protocols"],
    "cede_sockets": ["bench_net_cede", "sockets"],
    "cede_group_1": ["bench_net_cede", "group", "1"],
    "cede_group_2": ["bench_net_cede", "group", "2"],
    "epoll": ["bench_net_epoll"],
    "limit": ["bench_net_limit"],
    "libuv": ["bench_net_libuv"],
    "libevent": ["bench_net_libevent"],
    "asio_callbacks": ["bench_net_asio_callbacks"],
    "asio_spawn": ["bench_net_asio_spawn"],
    "state_threads": ["bench_net_state_threads"],
    "go": ["bench_net_go"],
    "uvloop_protocols": ["uvloop", "protocols"],
    "uvloop_streams": ["uvloop", "streams"],
    "asyncio_protocols": ["asyncio", "protocols"],
    "asyncio_streams": ["asyncio", "streams"],
}
EXTRAS = ["messages_per_second", "p50_us", "p99_us", "p99_9_us", "bytes_per_connection"]


def server_command(build, name):
    program, *rest = SERVERS[name]
    if program in rows.PYTHON:
        python = rows.python_with(program)
        return [python, str(rows.BENCH / "net/asyncio_echo.py"), program] + rest if python else None
    path = build / program
    return [str(path)] + rest if path.exists() else None


class Server:
    """A running server; for `with`, which gives its port and ends it."""

    def __init__(self, command, core=0):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        preexec_fn=measure.on_core(core))

    def __enter__(self):
        line = self.process.stdout.readline()
        if not line.strip().isdigit():
            self.__exit__()
            raise RuntimeError("the server did not say its port")
        return int(line)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    @property
    def pid(self):
        return self.process.pid


def echo_once(build, name, row, seconds, idle=0):
    """Server CPU us for each message and the EXTRAS, beside so many idle connections; None where the server is not built."""
    command = server_command(build, name)
    if command is None:
        return None
    server = Server(command)
    with server as port:
        load = [str(build / "bench_net_load"), str(port), str(row.connections), str(row.size), str(seconds),
                str(server.pid), str(idle)]
        try:
            done = subprocess.run(load, capture_output=True, text=True, timeout=30, check=False,
                                  preexec_fn=measure.on_core(1))
        except subprocess.TimeoutExpired:
            raise RuntimeError("no answers") from None
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "the load failed")
    rate, cpu, *others = (float(word) for word in done.stdout.split())
    return (cpu, rate, *others)


class NetworkFigures(measure.Figures):
    """Its values are those of the first kind, processor time; the medians of the others go beside them."""

    def as_json(self):
        if not self.values:
            return {"failure": self.failure}
        columns = list(zip(*self.values))
        plain = measure.Figures()
        plain.values = list(columns[0])
        extras = {name: statistics.median(column) for name, column in zip(EXTRAS, columns[1:])}
        return dict(plain.as_json(), **extras)


def raise_file_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def run(build, wanted, quick, repeats, results):
    """Adds the echo rows that are wanted to the results."""
    files = raise_file_limit()
    if len(os.sched_getaffinity(0)) < 2:
        measure.say("network rows share one core between server and load: their figures say little")
    for row in ECHO:
        if not wanted(row.name):
            continue
        if files < row.connections + 100:
            measure.say("skipped %s: the limit of open files is %d" % (row.name, files))
            continue
        begin = time.monotonic()
        figures = measure.interleaved(
            SERVERS, 1 if quick else max(1, repeats // 2),
            lambda name, row=row: echo_once(build, name, row, 0.1 if quick else 0.5), NetworkFigures)
        results.add_row(row.name, row.title + ", server CPU for each", "us", None)
        results.fill({row.name: figures})
        measure.say("%-12s %5.1f s" % (row.name, time.monotonic() - begin))
