"""One replica from start to end: the hub, its Redis side and the HTTP server, in one task group.

uvicorn knows nothing of the streams, whose connections are taken away from it (`protocol.py`). So at the end
the audience says a word to each client and waits for them to be gone, for a bounded time.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from tapecast.api.app import create_app
from tapecast.api.dispatcher import Dispatcher
from tapecast.api.door import Door
from tapecast.api.hub import Hub
from tapecast.api.protocol import KEEP_ALIVE_S, Config
from tapecast.api.seats import Seats
from tapecast.api.siblings import Siblings
from tapecast.api.waiting import Waiting
from tapecast.bus.connection import Bus
from tapecast.bus.interest import InterestWriter
from tapecast.bus.status import StatusWriter
from tapecast.bus.subscriber import Subscriber
from tapecast.clock import Clock
from tapecast.process import process_id
from tapecast.settings import Settings

GRACE_S: Final = 5
"""For clients that take nothing: longer than any healthy one needs, shorter than a platform's patience."""

ANSWER_BYTES: Final = 64 * 1024
"""Of an ordinary answer, in the kernel at once: nearly all are smaller."""

ACCEPTORS: Final = 16
"""uvloop accepts one connection in a turn of the loop for each listening socket. Thousands that come at once
to a busy loop would wait for as many turns, so there are several, all on the one port."""


async def serve(
    settings: Settings,
    bus: Bus,
    sock: socket.socket,
    stop: asyncio.Event,
    *,
    laptop: bool = False,
    ready: asyncio.Event | None = None,
    siblings: Siblings | None = None,
) -> None:
    """Serve on the bound socket `sock` until `stop` is set. `ready` is set when clients are let in."""
    clock = Clock()
    replica = process_id()
    dispatcher = Dispatcher(clock.now)
    hub = Hub(replica, settings, dispatcher, clock)
    subscriber = Subscriber(bus, hub)
    interest = InterestWriter(bus, replica)
    status = StatusWriter(bus, "api", replica, hub.board.own_status, hub.on_refused)
    hub.bind(subscriber, interest.want, status.touch)
    hub.bars.bind(subscriber.bars)
    door = Door()
    seats = Seats(hub, dispatcher, clock)
    app = create_app(settings, hub, seats, door, laptop=laptop, siblings=siblings)
    server = Server(app, ready or asyncio.Event(), door.waiting)
    async with asyncio.TaskGroup() as tasks:
        parts = [tasks.create_task(part.run()) for part in (subscriber, interest, status, hub, dispatcher)]
        http = tasks.create_task(server.serve(sockets=[sock]))
        ending = tasks.create_task(_drain_on(stop, hub, server))
        # Side by side: one grace, whether clients of streams, of other requests, or of both take nothing.
        await asyncio.gather(http, ending)
        for part in parts:
            part.cancel()
    await interest.remove()
    await status.remove()


SECURITY: Final = [
    # What is JSON or a stream is never taken for a page; no other site hears of a URL with a ticket in it.
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
]


class Server(uvicorn.Server):
    """uvicorn, without its hands on the process: signals and logging belong to the command."""

    def __init__(self, app: ASGIApp, ready: asyncio.Event, waiting: Waiting) -> None:
        config = Config(
            app,
            waiting,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            headers=SECURITY,
            # The peer is who it is: a header that anybody can send must not make it a loopback one.
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            # What `shutdown` has not ended by then would be logged as a failure of ours.
            timeout_graceful_shutdown=GRACE_S + 1,
        )
        super().__init__(config)
        self.waiting = waiting
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the command, which may run more than this server."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        for sock in sockets or []:
            # Inherited by every connection: what nobody reads would else grow to megabytes in the kernel.
            # A stream chooses its own (`line.py`).
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ANSWER_BYTES)
            # One that was inherited passes for blocking in Python, and its `dup` would make it so for all the
            # workers that share it: who loses the race for a connection would stand still in `accept`.
            sock.setblocking(False)
        more = [sock.dup() for sock in sockets or [] for _ in range(ACCEPTORS - 1)]
        await super().startup([*(sockets or []), *more])
        self._ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what is open; after the grace cut off whoever has not taken an ordinary response."""
        cutting = asyncio.get_running_loop().call_later(GRACE_S, self._cut_off)
        try:
            await super().shutdown(sockets)
        finally:
            cutting.cancel()

    def _cut_off(self) -> None:
        for connection in self.server_state.connections:
            # Not before its transport is there.
            if connection.transport is not None:
                connection.transport.abort()


async def _drain_on(stop: asyncio.Event, hub: Hub, server: Server) -> None:
    await stop.wait()
    server.should_exit = True
    deadline = asyncio.get_running_loop().time() + GRACE_S
    await hub.audience.drain()
    await hub.audience.leave(deadline - asyncio.get_running_loop().time())
