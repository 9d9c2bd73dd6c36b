"""HTTP/1.1 keep-alive on Python's asyncio, by hand as in the other servers.

usage: asyncio_http.py asyncio|uvloop streams|protocols
"""
import asyncio
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n"
END = b"\r\n\r\n"


class Http(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.received = b""

    def data_received(self, data):
        self.received += data
        *complete, self.received = self.received.split(END)
        for _ in complete:
            self.transport.write(ANSWER)


async def serve(reader, writer):
    try:
        while True:
            await reader.readuntil(END)
            writer.write(ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


async def main(layer):
    if layer == "streams":
        server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=4096)
    else:
        server = await asyncio.get_running_loop().create_server(Http, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "uvloop":
        import uvloop
        uvloop.install()
    asyncio.run(main(sys.argv[2]))
