#!/usr/bin/env python3
"""Datagrams between asyncio and cede, in both directions.

usage: dgram_interop.py PROGRAM     exit status 1 when an answer is wrong
"""
import asyncio
import sys


class Backwards(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.transport.sendto(data[::-1], address)


class Client(asyncio.DatagramProtocol):
    """Sends one at a time, for UDP may drop what comes too fast."""

    def __init__(self):
        self.over = asyncio.get_running_loop().create_future()
        self.sent = 0

    def connection_made(self, transport):
        self.transport = transport
        self.next()

    def next(self):
        if self.sent == 1000:
            self.transport.sendto(b"end")
            return self.over.set_result(None)
        self.message = b"%d:" % self.sent + b"x" * (self.sent * self.sent % 60000)
        self.sent += 1
        self.transport.sendto(self.message)

    def datagram_received(self, data, address):
        assert data == self.message[::-1], "a wrong answer to datagram %d" % self.sent
        self.next()


async def asyncio_serves(program):
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Backwards, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    client = await asyncio.create_subprocess_exec(program, "client", str(port))
    assert await client.wait() == 0, "the client of cede has failed"
    transport.close()


async def cede_serves(program):
    loop = asyncio.get_running_loop()
    server = await asyncio.create_subprocess_exec(program, "server", stdout=asyncio.subprocess.PIPE)
    port = int(await server.stdout.readline())
    transport, client = await loop.create_datagram_endpoint(Client, remote_addr=("127.0.0.1", port))
    await client.over
    assert await server.wait() == 0, "the server of cede has failed"
    transport.close()


async def main(program):
    await asyncio.wait_for(asyncio_serves(program), 100)
    await asyncio.wait_for(cede_serves(program), 100)


asyncio.run(main(sys.argv[1]))
