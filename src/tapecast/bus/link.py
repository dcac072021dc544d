"""One pub/sub connection with a pulse: it is either known to be alive, or it ends.

redis-py's own `PubSub` reconnects in silence, and a reader that was cut off would then go on with a hole in
its data. Here every loss surfaces as `BusUnavailable`, so that the caller can read again what it missed.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from typing import Any, Final, Never

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from tapecast.backoff import backoff
from tapecast.bus.connection import ANSWER_TIMEOUT_S, Bus, is_closed
from tapecast.errors import BusUnavailable
from tapecast.tasks import apart

PING_EVERY_S: Final = 1.0
SILENCE_S: Final = 3.0
"""Three pings without an answer: a link that is silent for longer is dead, whatever TCP believes."""
ACK_TIMEOUT_S: Final = 5.0
BATCH: Final = 500
TURN_S: Final = 0.005
"""So long at most the loop is held by messages that came together: each goes to thousands of views."""
RETRY_S: Final = (0.1, 2.0)

logger = logging.getLogger(__name__)

Deliver = Callable[[bytes, bytes], None]


class Link:
    """An open pub/sub connection. `subscribe` returns when Redis has acknowledged every channel."""

    def __init__(self, connection: AbstractConnection, deliver: Deliver) -> None:
        self._connection = connection
        # Called with (channel, data) for each message, from the reader: must not raise and cannot wait.
        self._deliver = deliver
        # SUBSCRIBE and PING come from different tasks and must not mix their bytes.
        self._sending = asyncio.Lock()
        self._waiting: dict[bytes, asyncio.Future[None]] = {}
        self._last_heard = time.monotonic()

    async def subscribe(self, channels: Iterable[str]) -> None:
        """Subscribe and wait for the acknowledgements. Raises BusUnavailable when they do not come."""
        for batch in _batches(channels):
            waiting = {name.encode(): asyncio.get_running_loop().create_future() for name in batch}
            self._waiting.update(waiting)
            await self._send("SUBSCRIBE", *batch)
            try:
                async with asyncio.timeout(ACK_TIMEOUT_S):
                    await asyncio.gather(*waiting.values())
            except TimeoutError:
                raise BusUnavailable("Redis did not acknowledge a subscription") from None

    async def unsubscribe(self, channels: Iterable[str]) -> None:
        """Unsubscribe; messages already under way may still be delivered."""
        for batch in _batches(channels):
            await self._send("UNSUBSCRIBE", *batch)

    async def _send(self, *command: str) -> None:
        async with self._sending, asyncio.timeout(ACK_TIMEOUT_S):
            try:
                await self._connection.send_command(*command)
            except RuntimeError as error:
                if not is_closed(error):
                    raise
                raise BusUnavailable("Redis has reset the connection") from None

    async def read(self) -> None:
        """Deliver messages until the connection ends, which raises."""
        read, turn_until = self._connection.read_response, 0.0
        while True:
            # What has come together is read without a wait between; others must get their turn all the same.
            if self._last_heard > turn_until:
                await asyncio.sleep(0)
                turn_until = time.monotonic() + TURN_S
            message: Any = await read(timeout=math.inf, disconnect_on_error=False)
            self._last_heard = time.monotonic()
            # A PING before the first subscription is answered by a bare PONG.
            if not isinstance(message, list):
                continue
            kind = message[0]
            if kind == b"message":
                self._deliver(message[1], message[2])
            elif kind == b"subscribe":
                waiting = self._waiting.pop(message[1], None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(None)

    async def watch(self) -> None:
        """Ping, and raise BusUnavailable when nothing at all has been heard for SILENCE_S."""
        while True:
            await self._send("PING")
            await asyncio.sleep(PING_EVERY_S)
            if time.monotonic() - self._last_heard > SILENCE_S:
                raise BusUnavailable(f"Redis has been silent for {SILENCE_S:.0f} s")


async def keep_link(
    bus: Bus,
    deliver: Deliver,
    join: Callable[[Link], Awaitable[None]],
    serve: Callable[[Link], Awaitable[None]],
    on_link: Callable[[bool], None],
) -> Never:
    """Keep a link up for ever: `join` on each new one, say so, then `serve` until it is lost, and say so."""
    delays = backoff(*RETRY_S)
    # Why it was lost, as it was said last.
    said = ""

    async def body(link: Link) -> None:
        nonlocal delays, said
        await join(link)
        if said:
            logger.info("redis_back: %s", bus.place)
        began = time.monotonic()
        on_link(True)
        try:
            await serve(link)
        finally:
            # Only one that served for a while was up: from a Redis that accepts and then fails we back off.
            if time.monotonic() - began > RETRY_S[1]:
                delays, said = backoff(*RETRY_S), ""

    while True:
        try:
            await run_link(bus, deliver, body)
        except BusUnavailable as error:
            if str(error) != said:
                # Once for each reason: the tries that follow say nothing new.
                said = str(error)
                logger.warning("redis_lost: %s", said)
        on_link(False)
        await asyncio.sleep(next(delays))


async def run_link(bus: Bus, deliver: Deliver, body: Callable[[Link], Awaitable[None]]) -> None:
    """Open a link and run `body` on it until either ends. Raises BusUnavailable when the link is lost."""
    await apart(_run(bus, deliver, body))


async def _run(bus: Bus, deliver: Deliver, body: Callable[[Link], Awaitable[None]]) -> None:
    connection: AbstractConnection = bus.redis.connection_pool.make_connection()  # type: ignore[no-untyped-call]
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            await connection.connect()  # type: ignore[no-untyped-call]
        link = Link(connection, deliver)
        async with asyncio.TaskGroup() as tasks:
            pulse = [tasks.create_task(link.read()), tasks.create_task(link.watch())]
            await body(link)
            for task in pulse:
                task.cancel()
    except* (RedisError, OSError, BusUnavailable) as group:
        raise BusUnavailable(f"Redis at {bus.place}: {_first(group)}") from None
    finally:
        await connection.disconnect(nowait=True)


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _batches(names: Iterable[str]) -> Iterable[tuple[str, ...]]:
    rest = iter(names)
    while batch := tuple(islice(rest, BATCH)):
        yield batch
