#!/usr/bin/env python3
"""Streams over TLS between asyncio and cede, each as the client and as the server of the other.

usage: interop.py PROGRAM     exit status 1 when something was wrong. interop.cpp says what the conversations are.
"""
import asyncio
import os
import ssl
import sys
import tempfile

MUCH = 4 << 20


def payload(seed, size):
    circle = bytes((seed + i) % 251 for i in range(251))
    return (circle * (size // 251 + 1))[:size]


async def send(writer, data):
    writer.write(data)
    await writer.drain()


async def read_slowly(reader, size):
    data = bytearray()
    while len(data) < size:
        some = await reader.read(5000)
        assert some, "an early end"
        data += some
        if len(data) % 7 == 0:
            await asyncio.sleep(0)
    return bytes(data)


async def exchange(reader, writer, sent, expected):
    data, _ = await asyncio.gather(read_slowly(reader, MUCH), send(writer, payload(sent, MUCH)))
    assert data == payload(expected, MUCH), "both ways"


class Server:
    def __init__(self, context):
        self.context = context
        self.over = asyncio.Event()
        self.broken_off = asyncio.Event()
        self.failure = None

    async def __call__(self, reader, writer):
        try:
            await self.converse(reader, writer)
        except Exception as error:
            self.failure = error
        writer.close()

    async def converse(self, reader, writer):
        asked = await reader.readline()
        if asked == b"start tls\n":
            await send(writer, b"go\n")
            await writer.start_tls(self.context)
            await self.converse(reader, writer)
        elif asked == b"echo\n":
            size = int(await reader.readline())
            await send(writer, await reader.readexactly(size))
            assert await reader.read() == b"", "the end behind an echo"
        elif asked == b"answer and end\n":
            writer.write(payload(2, MUCH))
        elif asked == b"both ways\n":
            await exchange(reader, writer, 4, 5)
        elif asked == b"break off\n":
            writer.write(payload(6, 8 * MUCH))  # more than the system takes when nobody reads
            writer.transport.abort()
            self.broken_off.set()
        elif asked == b"is it broken off\n":
            await self.broken_off.wait()
            self.broken_off.clear()
            await send(writer, b"yes\n")
        else:
            assert asked == b"end\n", "the question"
            self.over.set()


class Client:
    def __init__(self, context, port, plain_port):
        self.context = context
        self.port = port
        self.plain_port = plain_port

    async def run(self):
        await self.refuses_a_wrong_name()
        for upgrades in range(3):
            self.upgrades = upgrades
            for size in (1, 100000):
                await self.echo(size)
            await self.converse(b"answer and end\n", self.reads_the_answer)
            await self.converse(b"both ways\n", lambda reader, writer: exchange(reader, writer, 5, 4))
            await self.is_broken_off()
            await asyncio.gather(*(self.echo(10000) for _ in range(30)))
        self.upgrades = 0
        await self.converse(b"end\n", lambda reader, writer: reader.read())

    async def converse(self, about, talk):
        if self.upgrades == 1:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.plain_port)
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.context)
        if self.upgrades:
            writer.write(b"start tls\n")
            assert await reader.readline() == b"go\n", "the answer to start tls"
            await writer.start_tls(self.context, server_hostname="localhost")
        writer.write(about)
        await talk(reader, writer)
        writer.close()
        await writer.wait_closed()

    async def echo(self, size):
        async def talk(reader, writer):
            writer.write(b"%d\n" % size + payload(9, size))
            assert await reader.readexactly(size) == payload(9, size), "the echo"

        await self.converse(b"echo\n", talk)

    async def is_broken_off(self):
        async def ask(reader, _):
            assert await reader.readline() == b"yes\n", "the answer to is it broken off"

        async def talk(reader, _):
            await self.converse(b"is it broken off\n", ask)
            assert len(await reader.read()) < 8 * MUCH, "too much"

        try:
            await self.converse(b"break off\n", talk)
        except OSError:
            pass

    async def refuses_a_wrong_name(self):
        try:
            await asyncio.open_connection("127.0.0.1", self.port, ssl=self.context, server_hostname="elsewhere.example")
        except ssl.SSLCertVerificationError:
            return
        raise AssertionError("a wrong name was accepted")

    @staticmethod
    async def reads_the_answer(reader, writer):
        assert await reader.read() == payload(2, MUCH), "the answer before the end"


async def asyncio_serves(program, folder):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(os.path.join(folder, "server.crt"), os.path.join(folder, "server.key"))
    conversations = Server(context)
    # Without a refused client's error on the console.
    asyncio.get_running_loop().set_exception_handler(lambda loop, what: None)
    server = await asyncio.start_server(conversations, "127.0.0.1", 0, ssl=context)
    plain = await asyncio.start_server(conversations, "127.0.0.1", 0)
    ports = [str(each.sockets[0].getsockname()[1]) for each in (server, plain)]
    client = await asyncio.create_subprocess_exec(program, "client", folder, *ports)
    assert await client.wait() == 0, "the client of cede has failed"
    await conversations.over.wait()
    server.close()
    plain.close()
    if conversations.failure:
        raise conversations.failure


async def cede_serves(program, folder):
    context = ssl.create_default_context(cafile=os.path.join(folder, "ca.pem"))
    server = await asyncio.create_subprocess_exec(program, "server", folder, stdout=asyncio.subprocess.PIPE)
    port, plain_port = map(int, (await server.stdout.readline()).split())
    await Client(context, port, plain_port).run()
    assert await server.wait() == 0, "the server of cede has failed"


async def main(program):
    with tempfile.TemporaryDirectory() as folder:
        maker = await asyncio.create_subprocess_exec(program, "certificates", folder)
        assert await maker.wait() == 0, "no certificates"
        await asyncio.wait_for(asyncio_serves(program, folder), 100)
        await asyncio.wait_for(cede_serves(program, folder), 100)


asyncio.run(main(sys.argv[1]))
