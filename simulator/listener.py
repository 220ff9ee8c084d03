"""The listening socket: Quart's own server, hypercorn, with a hold on each connection.

hypercorn's `serve` gives no way to cut a connection without an answer, nor to stop at once while a browser keeps an
event stream open; both need the connection's writer, so the accepting is done here and the protocol is left to it.
"""

import asyncio
import socket
from typing import Any

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Event, Updated
from hypercorn.utils import wrap_app
from quart import Quart

Peer = tuple[Any, ...]


class Connection(TCPServer):
    """One connection; while the listener closes, it waits for no further request."""

    def __init__(self, closing: asyncio.Event, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._closing = closing

    async def protocol_send(self, event: Event) -> None:
        """Pass on what the protocol says, but not that it is idle again when an answer is broken off by the closing."""
        if not (isinstance(event, Updated) and self._closing.is_set()):
            await super().protocol_send(event)


class Listener:
    """Serves an application on one address until it is closed."""

    def __init__(self, app: Quart) -> None:
        self._app = app
        app.extensions["cut"] = self.cut
        self._server: asyncio.Server | None = None
        self._writers: dict[Peer, asyncio.StreamWriter] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()
        self._config = Config()
        self._config.include_server_header = False
        self._config.accesslog = None
        self._config.errorlog = None

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port: the one given, or a free one where that is 0. OSError if it is taken."""
        await self._app.startup()
        self._server = await asyncio.start_server(self._serve, host, port)
        sock: socket.socket = self._server.sockets[0]
        return int(sock.getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        peer = tuple(writer.get_extra_info("peername") or ())[:2]
        self._writers[peer] = writer
        wrapped = wrap_app(self._app, self._config.wsgi_max_body_size, "asgi")
        loop = asyncio.get_running_loop()
        try:
            await Connection(self._closing, wrapped, loop, self._config, WorkerContext(None), {}, reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._writers.pop(peer, None)

    def cut(self, peer: Peer, last: bytes = b"") -> None:
        """Break a client's connection off, without an answer or with `last`, a part of one."""
        writer = self._writers.get(peer)
        if writer is None:
            return
        if last:
            writer.write(last)
            writer.transport.close()
        else:
            writer.transport.abort()

    async def close(self) -> None:
        """Stop listening and break off what is open."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        self._closing.set()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._app.shutdown()
