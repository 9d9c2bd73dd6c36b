"""On a terminal: the progress line, and Ctrl-C."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
import unittest

import fetch_program
from fetch_program import Server, until_client_leaves

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
COLUMNS = 60
ERASE = b"\r\x1b[K"


class Terminal:
    """A pseudo-terminal, which the program has as its controlling terminal, so that Ctrl-C works as for people."""

    def __init__(self, *arguments):
        self.output = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
            os.execv(fetch_program.PROGRAM, [fetch_program.PROGRAM, *arguments])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)

    def read_until(self, done):
        """Reads until `done(output)`; False at the end of the output. Half a minute is a failure."""
        deadline = time.monotonic() + 30
        while not done(self.output):
            if not select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError("no such output within 30 s: %r" % self.output)
            try:
                piece = os.read(self.fd, 65536)
            except OSError:  # what Linux says when the other side is closed
                piece = b""
            if not piece:
                return False
            self.output += piece
        return True

    def finish(self):
        """All of the output, and the exit status."""
        self.read_until(lambda _: False)
        return self.output, os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Held:
    """A server that answers /N at once, and holds everything else back until release()."""

    def __init__(self):
        self.requested = threading.Semaphore(0)  # counts what is held back
        self.released = threading.Event()
        self.server = Server(self.answer)

    async def answer(self, target, reader, writer):
        if target[1:].isdigit():
            writer.write(OK)
            return
        self.requested.release()
        if target.startswith("/until-released"):
            await self.server.loop.run_in_executor(None, self.released.wait, 30)
            writer.write(OK)
        else:
            await until_client_leaves(reader)

    def wait_for_requests(self, count):
        for _ in range(count):
            assert self.requested.acquire(timeout=30), "the program has not asked for all pages"


class Progress(unittest.TestCase):
    def test_progress_line(self):
        held = Held()
        with held.server as server:
            urls = ["%s/%d" % (server.url, i) for i in range(5)] + [server.url + "/until-released/" + "x" * 100]
            with Terminal(*urls) as terminal:
                slowest = ("5/6 pages, 10 B, slowest: ").encode()
                self.assertTrue(terminal.read_until(lambda output: output.count(slowest) >= 3))
                held.released.set()
                output, status = terminal.finish()
        self.assertEqual(status, 0)
        progress, table = output.rsplit(ERASE, 1)
        self.assertTrue(table.startswith(b"URL"), table)  # the line is gone before the table is printed
        self.assertNotIn(b"\x1b", table)
        lines = progress.split(ERASE)[1:]
        for line in lines:
            self.assertLess(len(line), COLUMNS)  # else it would be wrapped, and stay
            self.assertRegex(line, rb"^\d/6 pages, \d+ B")
        waiting = re.compile(rb"^5/6 pages, 10 B, slowest: \d+\.\d s " + server.url.encode())
        self.assertTrue(any(waiting.match(line) for line in lines), lines)

    def test_ctrl_c(self):
        held = Held()
        with held.server as server:
            # One at a time: when the server sees the request that it holds back, the three before it are done.
            urls = ["%s/%d" % (server.url, i) for i in range(3)] + [server.url + "/held", server.url + "/4"]
            with Terminal("--concurrency", "1", *urls) as terminal:
                held.wait_for_requests(1)
                os.write(terminal.fd, b"\x03")
                output, status = terminal.finish()
        self.assertEqual(status, 130)
        table = output.rsplit(ERASE, 1)[1].decode().split("\r\n")
        self.assertTrue(table[0].startswith("URL"), table)
        self.assertEqual([line.split()[0] for line in table[1:4]], urls[:3])
        self.assertEqual(table[4:6], ["", "3 pages, 0 failed, 2 interrupted, 6 B"])


class Interrupt(unittest.TestCase):
    """SIGINT without a terminal."""

    def interrupt(self, *arguments, held, requests):
        process = subprocess.Popen([fetch_program.PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        held.wait_for_requests(requests)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def test_pending_pages_are_cancelled(self):
        held = Held()
        with held.server as server:
            urls = ["%s/%d" % (server.url, i) for i in range(3)] + [server.url + "/held"] * 50
            status, out, err = self.interrupt("--json", "--concurrency", "1", *urls, held=held, requests=1)
            self.assertEqual((status, err), (130, b""))
            report = json.loads(out)
            self.assertEqual([row["url"] for row in report["pages"]], urls[:3])
            self.assertEqual((report["fetched"], report["failed"], report["interrupted"]), (3, 0, 50))

            status, out, err = self.interrupt(*[server.url + "/held"] * 50, held=held, requests=50)
            self.assertEqual((status, err), (130, b""))
            self.assertIn(b"0 pages, 0 failed, 50 interrupted, 0 B", out)

    def test_its_own_server_does_not_delay_the_end(self):
        process = subprocess.Popen([fetch_program.PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        first = process.stderr.readline()  # printed inside run(), when SIGINT is handled
        self.assertIn(b"300 pages", first)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, err), (130, b""))
        self.assertRegex(out, rb"\n\d+ pages?, 0 failed, \d+ interrupted, ")


if __name__ == "__main__":
    fetch_program.main()
