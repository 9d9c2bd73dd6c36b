"""An asyncio server on a thread of its own: `with AsyncioServer(serve) as server:`, and then `server.port`."""
import asyncio
import threading


class AsyncioServer:
    """`serve` is a coroutine function (reader, writer), called for each connection; what it is in the midst of at the end is
    cancelled."""

    def __init__(self, serve, host="127.0.0.1"):
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(asyncio.start_server(serve, host, 0, backlog=1000))
        self.port = self.server.sockets[0].getsockname()[1]
        self.thread = threading.Thread(target=self.loop.run_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.run_until_complete(self.close())
        self.loop.close()

    async def close(self):
        self.server.close()
        clients = asyncio.all_tasks() - {asyncio.current_task()}
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        await self.loop.shutdown_default_executor()
