"""HTTP rows: a server on the first core, wrk on the second."""
import pathlib
import shutil
import socket
import subprocess
import time

from harness import measure, network, rows

CONNECTIONS = 64
SERVERS = {
    "cede_streams": ["bench_http_cede", "streams"],
    "cede_protocols": ["bench_http_cede", "protocols"],
    "epoll": ["bench_http_epoll"],
    "nginx": ["nginx"],
    "go": ["bench_http_go"],
    "uvloop_protocols": ["uvloop", "protocols"],
    "uvloop_streams": ["uvloop", "streams"],
    "asyncio_protocols": ["asyncio", "protocols"],
    "asyncio_streams": ["asyncio", "streams"],
}


def server_command(build, name):
    program, *rest = SERVERS[name]
    if program == "nginx":
        return ["sh", str(rows.BENCH / "http/nginx.sh"), str(build / "nginx")] if shutil.which("nginx") else None
    if program in rows.PYTHON:
        python = rows.python_with(program)
        return [python, str(rows.BENCH / "http/asyncio_http.py"), program] + rest if python else None
    path = build / program
    return [str(path)] + rest if path.exists() else None


def cpu_seconds(pid):
    """Of all threads of a process; the same file as bench_net_load reads."""
    total = 0
    for task in (pathlib.Path("/proc") / str(pid) / "task").iterdir():
        total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
    return total * 1e-9


def wait_until_it_accepts(port):
    """nginx says its port before it listens."""
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise RuntimeError("it does not accept")


def wrk_once(build, name, seconds):
    """Server CPU us for each request and the network rows' EXTRAS but memory; None where the server is not there."""
    command = server_command(build, name)
    if command is None:
        return None
    server = network.Server(command)
    with server as port:
        wait_until_it_accepts(port)
        before = cpu_seconds(server.pid)
        load = ["wrk", "-t1", "-c%d" % CONNECTIONS, "-d%ds" % seconds, "-s", str(rows.BENCH / "http/report.lua"),
                "http://127.0.0.1:%d/" % port]
        done = subprocess.run(load, capture_output=True, text=True, timeout=60, check=False, preexec_fn=measure.on_core(1))
        cpu = cpu_seconds(server.pid) - before
    found = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("FIGURES ")]
    if not found or float(found[0][4]) == 0:
        raise RuntimeError("wrk got no answers")
    rate, *percentiles, requests = (float(word) for word in found[0])
    return (cpu / requests * 1e6, rate, *percentiles)


# Clients that fetch from the server by hand, a hundred at a time; each is a program with the core rows' command line.
CLIENTS = ["cede", "asio_spawn", "go", "uvloop", "asyncio"]


def fan_out_once(build, name, requests):
    """The client's CPU us for each request, a connection of its own each; None where the client is not built."""
    program = build / ("bench_client_" + name)
    if name in rows.PYTHON:
        python = rows.python_with(name)
        if python is None:
            return None
        command = [python, str(rows.BENCH / "client/asyncio_client.py"), name]
    elif program.exists():
        command = [str(program)]
    else:
        return None
    with network.Server([str(build / "bench_http_epoll")], core=1) as port:
        return measure.run_for_figure(command + ["fan_out", str(port), str(requests)], 60)


def run_fan_out(build, quick, repeats, results):
    begin = time.monotonic()
    figures = measure.interleaved(CLIENTS, 1 if quick else 2 * repeats,
                                  lambda name: fan_out_once(build, name, 500 if quick else 5000))
    results.add_row("fan_out", "a client's request, 100 at a time, a connection each, client CPU", "us", None)
    results.fill({"fan_out": figures})
    measure.say("%-12s %5.1f s" % ("fan_out", time.monotonic() - begin))


def run(build, wanted, quick, repeats, results):
    if wanted("fan_out"):
        run_fan_out(build, quick, repeats, results)
    if not wanted("http"):
        return
    if shutil.which("wrk") is None:
        measure.say("skipped http: wrk is not installed")
        return
    begin = time.monotonic()
    figures = measure.interleaved(SERVERS, 1 if quick else max(1, repeats // 2),
                                  lambda name: wrk_once(build, name, 1 if quick else 2), network.NetworkFigures)
    results.add_row("http", "HTTP/1.1 keep-alive, %d connections, server CPU for each request" % CONNECTIONS, "us", None)
    results.fill({"http": figures})
    measure.say("%-12s %5.1f s" % ("http", time.monotonic() - begin))
