"""The rows of the core, on Python's asyncio.

usage: asyncio_rows.py asyncio|uvloop ROW SIZE [OPERATIONS]     see support/bench.hpp
"""
import asyncio
import random
import sys
import time


def memory_bytes():
    with open("/proc/self/status", encoding="ascii") as status:
        return sum(int(line.split()[1]) * 1024 for line in status if line.startswith(("VmRSS:", "VmPTE:")))


class Stopwatch:
    def __init__(self):
        self.begin = time.process_time()

    def seconds(self):
        return time.process_time() - self.begin

    def ns_each(self, operations):
        return self.seconds() * 1e9 / operations


async def yields(count):
    for _ in range(count):
        await asyncio.sleep(0)


async def do_nothing():
    pass


async def row_yield(size, operations):
    each = operations // size
    tasks = [asyncio.create_task(yields(each)) for _ in range(size)]
    watch = Stopwatch()
    for task in tasks:
        await task
    return watch.ns_each(each * size)


async def row_create(_, operations):
    watch = Stopwatch()
    for _ in range(operations):
        await asyncio.create_task(do_nothing())
    return watch.ns_each(operations)


async def row_burst(size, _):
    watch = Stopwatch()
    tasks = [asyncio.create_task(do_nothing()) for _ in range(size)]
    for task in tasks:
        await task
    return watch.ns_each(size)


async def row_ping_pong(_, operations):
    loop = asyncio.get_running_loop()
    ping, pong = loop.create_future(), loop.create_future()

    async def answer():
        nonlocal ping
        for _ in range(operations):
            await ping
            ping = loop.create_future()
            pong.set_result(None)

    answers = asyncio.create_task(answer())
    watch = Stopwatch()
    for _ in range(operations):
        ping.set_result(None)
        await pong
        pong = loop.create_future()
    result = watch.ns_each(operations)
    await answers
    return result


async def row_sleeps(size, _):
    watch = Stopwatch()
    tasks = [asyncio.create_task(asyncio.sleep(random.random())) for _ in range(size)]
    for task in tasks:
        await task
    return watch.seconds()


async def row_timers(size, _):
    loop = asyncio.get_running_loop()
    watch = Stopwatch()
    over = loop.create_future()
    left = size

    def callback():
        nonlocal left
        left -= 1
        if left == 0:
            over.set_result(None)

    for _ in range(size):
        loop.call_later(random.random(), callback)
    await over
    return watch.seconds()


async def row_parked(size, _):
    over = asyncio.get_running_loop().create_future()

    async def park():
        await over

    before = memory_bytes()
    tasks = [asyncio.create_task(park()) for _ in range(size)]
    await asyncio.sleep(0)
    result = (memory_bytes() - before) / size
    over.set_result(None)
    for task in tasks:
        await task
    return result


def main():
    if sys.argv[1] == "uvloop":
        import uvloop
        uvloop.install()
    row = globals().get("row_" + sys.argv[2])
    if row is None:
        sys.exit(3)
    operations = int(sys.argv[4]) if len(sys.argv) > 4 else 100000
    print("%.6g" % asyncio.run(row(int(sys.argv[3]), operations)))


if __name__ == "__main__":
    main()
