"""A hundred requests at a time, on Python's asyncio streams.

usage: asyncio_client.py asyncio|uvloop fan_out PORT REQUESTS
"""
import asyncio
import sys
import time

AT_ONCE = 100


async def fetch(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    body = await reader.readexactly(6)
    writer.close()
    await writer.wait_closed()
    return len(body)


async def fan_out(port, requests):
    begin = time.process_time()
    for _ in range(0, requests, AT_ONCE):
        await asyncio.gather(*(fetch(port) for _ in range(AT_ONCE)))
    return (time.process_time() - begin) * 1e6 / requests


if __name__ == "__main__":
    if sys.argv[1] == "uvloop":
        import uvloop
        uvloop.install()
    print("%.6g" % asyncio.run(fan_out(int(sys.argv[3]), int(sys.argv[4]))))
