#!/usr/bin/env python3
"""Streams between asyncio and cede, over TCP and Unix sockets, each as the client and as the server of the other.

usage: interop.py PROGRAM     exit status 1 when something was wrong. interop.cpp says what the conversations are.
"""
import asyncio
import os
import sys
import tempfile

MUCH = 4 << 20
CUT = (ConnectionResetError, BrokenPipeError)


def payload(seed, size):
    circle = bytes((seed + i) % 251 for i in range(251))
    return (circle * (size // 251 + 1))[:size]


async def send(writer, data):
    writer.write(data)
    await writer.drain()


async def read_slowly(reader):
    data = bytearray()
    while some := await reader.read(5000):
        data += some
        if len(data) % 7 == 0:
            await asyncio.sleep(0)
    return bytes(data)


async def exchange(reader, writer, sent, expected):
    async def sends():
        await send(writer, payload(sent, MUCH))
        writer.write_eof()

    data, _ = await asyncio.gather(read_slowly(reader), sends())
    assert data == payload(expected, MUCH), "both ways"


async def write_until_cut(writer):
    data = payload(0, MUCH)
    try:
        while True:
            await send(writer, data)
    except CUT:
        pass


class Server:
    def __init__(self):
        self.over = asyncio.Event()
        self.failure = None

    async def __call__(self, reader, writer):
        try:
            await self.converse(reader, writer)
        except Exception as error:
            self.failure = error
        writer.close()

    async def converse(self, reader, writer):
        asked = await reader.readline()
        if asked == b"echo\n":
            while some := await reader.read(65536):
                await send(writer, some)
        elif asked == b"answer after the end\n":
            assert await reader.read() == payload(1, 1000), "what came before the end"
            await send(writer, payload(2, MUCH))
        elif asked == b"end before the question\n":
            writer.write_eof()
            assert await read_slowly(reader) == payload(3, MUCH), "what came after the end"
        elif asked == b"both ways\n":
            await exchange(reader, writer, 4, 5)
        elif asked == b"reset\n":
            writer.transport.abort()
        elif asked == b"be reset\n":
            await write_until_cut(writer)
        else:
            assert asked == b"end\n", "the question"
            self.over.set()


class Client:
    def __init__(self, connect):
        self.connect = connect

    async def run(self):
        for size in (0, 1, 100000):
            await self.echo(size)
        await self.converse(b"answer after the end\n", self.ends_before_the_answer)
        await self.converse(b"end before the question\n", self.asks_after_the_end)
        await self.converse(b"both ways\n", lambda reader, writer: exchange(reader, writer, 5, 4))
        await self.converse(b"reset\n", lambda reader, writer: write_until_cut(writer))
        await self.converse(b"be reset\n", self.hangs_up)
        await asyncio.gather(*(self.echo(10000) for _ in range(50)))
        await self.converse(b"end\n", lambda reader, writer: reader.read())

    async def converse(self, about, talk):
        reader, writer = await self.connect()
        writer.write(about)
        await talk(reader, writer)
        writer.close()

    async def echo(self, size):
        async def talk(reader, writer):
            writer.write(payload(9, size))
            writer.write_eof()
            assert await reader.read() == payload(9, size), "the echo"

        await self.converse(b"echo\n", talk)

    @staticmethod
    async def ends_before_the_answer(reader, writer):
        writer.write(payload(1, 1000))
        writer.write_eof()
        assert await read_slowly(reader) == payload(2, MUCH), "the answer after the end"

    @staticmethod
    async def asks_after_the_end(reader, writer):
        assert await reader.read() == b"", "the end before the question"
        await send(writer, payload(3, MUCH))
        writer.write_eof()

    @staticmethod
    async def hangs_up(reader, writer):
        await reader.readexactly(100)
        writer.transport.abort()


async def asyncio_serves(program, kind, path):
    conversations = Server()
    if kind == "tcp":
        server = await asyncio.start_server(conversations, "127.0.0.1", 0, limit=4096)
        address = str(server.sockets[0].getsockname()[1])
    else:
        server = await asyncio.start_unix_server(conversations, path, limit=4096)
        address = path
    client = await asyncio.create_subprocess_exec(program, "client", kind, address)
    assert await client.wait() == 0, "the client of cede has failed over " + kind
    await conversations.over.wait()
    server.close()
    if conversations.failure:
        raise conversations.failure


async def cede_serves(program, kind, path):
    server = await asyncio.create_subprocess_exec(program, "server", kind, path, stdout=asyncio.subprocess.PIPE)
    port = int(await server.stdout.readline())
    if kind == "tcp":
        await Client(lambda: asyncio.open_connection("127.0.0.1", port, limit=4096)).run()
    else:
        await Client(lambda: asyncio.open_unix_connection(path, limit=4096)).run()
    assert await server.wait() == 0, "the server of cede has failed over " + kind


async def main(program):
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("tcp", "unix"):
            await asyncio.wait_for(asyncio_serves(program, kind, os.path.join(folder, "asyncio")), 100)
            await asyncio.wait_for(cede_serves(program, kind, os.path.join(folder, "cede")), 100)


asyncio.run(main(sys.argv[1]))
