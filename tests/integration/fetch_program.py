"""What the drivers share: running the program under test, and a server that answers as a test says."""
import asyncio
import json
import socket
import subprocess
import sys
import unittest

from asyncio_server import AsyncioServer

PROGRAM = None  # set by main()


class Result:
    def __init__(self, process):
        self.status = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    def report(self):
        return json.loads(self.out.decode("utf-8"))

    def rows(self):
        return self.report()["pages"]


def fetch(*arguments, stdin=b""):
    """Runs the program to its end. Its output is not a terminal."""
    return Result(subprocess.run([PROGRAM, *arguments], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 timeout=100))


def fetch_list(urls, *arguments):
    """The rows of --json for a list too long for a command line."""
    text = "".join(url + "\n" for url in urls).encode()
    return fetch("--json", "--file", "-", *arguments, stdin=text)


class Server(AsyncioServer):
    """`answer` is a coroutine function (target, reader, writer), called once the request is read; the connection is closed
    when it returns."""

    def __init__(self, answer, host="127.0.0.1", read_request=True):
        self.answer = answer
        self.read_request = read_request
        self.requests = []
        super().__init__(self.client, host)
        self.url = "http://%s:%d" % ("[%s]" % host if ":" in host else host, self.port)

    async def client(self, reader, writer):
        try:
            target = None
            if self.read_request:
                request = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(request)
                target = request.split(b" ")[1].decode()
            await self.answer(target, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def replies(table):
    """An `answer` that sends table[target], and closes."""

    async def answer(target, _reader, writer):
        writer.write(table[target])
        await writer.drain()

    return answer


async def until_client_leaves(reader):
    await reader.read()


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


def main():
    global PROGRAM
    PROGRAM = sys.argv.pop(1)
    unittest.main(module="__main__", verbosity=2)
