"""examples/tcp_proxy.cpp between clients and servers that end one direction and go on with the other."""
import asyncio
import hashlib
import os
import socket
import struct
import subprocess
import threading
import unittest

import example_program
from asyncio_server import AsyncioServer
from example_program import Running, needs, read_all

DATA = os.urandom(5 * 1024 * 1024 + 17)
DIGEST = hashlib.sha256(DATA).hexdigest().encode()


async def digest(reader, writer):
    """Answers when it has heard the end, and not before."""
    writer.write(hashlib.sha256(await reader.read()).hexdigest().encode())
    writer.close()


class TcpProxy(unittest.TestCase):
    def test_a_client_that_has_said_all_gets_its_answer(self):
        with AsyncioServer(digest) as server, Running(0, "127.0.0.1", server.port) as proxy:
            with proxy.connect() as client:
                client.sendall(DATA)
                client.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(client), DIGEST)

    def test_a_server_that_has_said_all_goes_on_listening(self):
        heard = []
        done = threading.Event()

        async def speaks_first(reader, writer):
            writer.write(DATA)
            writer.write_eof()
            heard.append(await reader.read())
            writer.close()
            done.set()

        with AsyncioServer(speaks_first) as server, Running(0, "127.0.0.1", server.port) as proxy:
            with proxy.connect() as client:
                self.assertEqual(hashlib.sha256(read_all(client)).hexdigest().encode(), DIGEST)  # the end came through
                client.sendall(DATA)
                client.shutdown(socket.SHUT_WR)
                self.assertTrue(done.wait(60))
        self.assertTrue(heard == [DATA])

    @needs("socat")
    def test_socat_behind_socat(self):
        reserve = socket.socket()
        reserve.bind(("127.0.0.1", 0))
        port = reserve.getsockname()[1]
        reserve.close()
        sorts = subprocess.Popen(["socat", "TCP-LISTEN:%d,bind=127.0.0.1,reuseaddr" % port, "EXEC:sort"])
        try:
            with Running(0, "127.0.0.1", port) as proxy:
                for _ in range(100):  # until it listens; an attempt that comes too early is closed by the proxy
                    out = subprocess.run(["socat", "-t60", "-", "TCP:127.0.0.1:%d" % proxy.port], input=b"b\na\nc\n",
                                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60).stdout
                    if out:
                        break
                self.assertEqual(out, b"a\nb\nc\n")
        finally:
            sorts.kill()
            sorts.wait()

    def test_many_at_once(self):
        with AsyncioServer(digest) as server, Running(0, "127.0.0.1", server.port) as proxy:
            async def one(number):
                reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
                data = DATA[number:number + 50000]
                writer.write(data)
                writer.write_eof()
                answer = await reader.read()
                writer.close()
                return answer == hashlib.sha256(data).hexdigest().encode()

            async def everybody():
                return await asyncio.gather(*(one(number) for number in range(200)))

            self.assertEqual(asyncio.run(everybody()), [True] * 200)

    def test_who_does_not_read_makes_the_other_wait(self):
        async def never_reads(_, writer):
            writer.transport.pause_reading()
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                writer.transport.abort()

        with AsyncioServer(never_reads) as server, Running(0, "127.0.0.1", server.port) as proxy:
            with proxy.connect() as client:
                client.settimeout(1)
                taken = 0
                with self.assertRaises(socket.timeout):
                    while taken < 200 * 1024 * 1024:
                        taken += client.send(DATA)
                with open("/proc/%d/status" % proxy.process.pid) as status:
                    resident = next(line for line in status if line.startswith("VmHWM"))
            self.assertLess(int(resident.split()[1]), 400 * 1024)  # a sanitizer has its part

    def test_a_server_that_is_not_there_ends_the_client(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # and does not listen
            with Running(0, "127.0.0.1", nobody.getsockname()[1]) as proxy:
                for _ in range(3):
                    # By connect() already, where the proxy is quick.
                    with self.assertRaises(ConnectionResetError), proxy.connect() as client:
                        client.recv(1)
        self.assertIn(b"refused", proxy.errors)

    def test_a_reset_is_passed_on_in_both_directions(self):
        async def resets(reader, writer):
            await reader.readexactly(1)
            self.reset(writer.get_extra_info("socket"))
            writer.transport.abort()

        with AsyncioServer(resets) as server, Running(0, "127.0.0.1", server.port) as proxy:
            with proxy.connect() as client, self.assertRaises(ConnectionResetError):
                client.sendall(b"x")
                client.recv(1)
        seen = []
        done = threading.Event()

        async def waits(reader, writer):
            try:
                writer.write(b"x")
                seen.append(await reader.read())
            except ConnectionResetError as error:
                seen.append(error)
            writer.close()
            done.set()

        with AsyncioServer(waits) as server, Running(0, "127.0.0.1", server.port) as proxy:
            client = proxy.connect()
            client.recv(1)
            self.reset(client)
            client.close()
            self.assertTrue(done.wait(60))
        self.assertIsInstance(seen[0], ConnectionResetError)

    @staticmethod
    def reset(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


if __name__ == "__main__":
    example_program.main()
