"""What the drivers of the servers in examples/ share: the program under test, which prints its address and runs until SIGINT."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import unittest

PROGRAM = None  # set by main()


class Running:
    """The program with its arguments, until the end of the scope, where Ctrl-C must end it in good order."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.line = self.process.stdout.readline().decode().strip()
        self.port = int(self.line.rstrip("/").rpartition(":")[2] or 0)
        self.errors = b""

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self.process.kill()
        self.stop()

    def stop(self):
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGINT)
            _, self.errors = self.process.communicate(timeout=60)
            if self.process.returncode not in (0, -signal.SIGKILL):
                raise AssertionError("exit status %s: %s" % (self.process.returncode, self.errors.decode()))

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)


def read_all(connection):
    """What comes until the end of the stream."""
    parts = []
    while True:
        part = connection.recv(1 << 16)
        if not part:
            return b"".join(parts)
        parts.append(part)


def needs(tool):
    """A test that is left out, with a line that says so, where the tool is absent; where CI=true that is a failure."""
    path = shutil.which(tool)
    return unittest.skipIf(path is None and os.environ.get("CI", "") != "true", tool + " is not installed")


def main():
    global PROGRAM
    PROGRAM = sys.argv.pop(1)
    unittest.main(module="__main__", verbosity=2)
