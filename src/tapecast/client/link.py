"""The connection to a server: opens a stream, watches it, and comes back.

In which ways a stream ends, and when the next one opens after each, is a table in docs/python.md.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import Final, Never, Protocol
from urllib.parse import quote

import httpx
from httpx_sse import ServerSentEvent

from tapecast.backoff import backoff
from tapecast.client.decode import decode
from tapecast.client.errors import (
    Lost,
    NotTapecast,
    Silent,
    StreamError,
    StreamFatal,
    TicketFailed,
    TlsFailed,
    Unauthorized,
    Unavailable,
)
from tapecast.client.events import Bye, Event, Heartbeat, Hello
from tapecast.client.failures import told
from tapecast.client.store import LOST
from tapecast.client.tickets import Tickets
from tapecast.client.transport import opened
from tapecast.client.watchdog import Watchdog
from tapecast.clock import Clock
from tapecast.refusals import clean

FIRST_S: Final = 1.0
MOST_S: Final = 15.0
SOONEST_S: Final = 0.35
LATEST_S: Final = 300.0
"""A `retry:` above this is no wait but a mistake."""
LASTING_S: Final = 60.0
PULSE_S: Final = 1.0
"""How often the silence is measured."""
EXPIRED: Final = "ticket_expired"


class Sink(Protocol):
    """Where a link's news go. Each returns at once."""

    def event(self, event: Event) -> None:
        """The server said this."""

    def lost(self, error: StreamError, retry_in_s: float) -> None:
        """There is no stream, for this reason, and for so long."""


class Link:
    """One program's connection. `base` has no slash at its end."""

    def __init__(
        self,
        base: str,
        target: str,
        sink: Sink,
        *,
        http: httpx.AsyncClient,
        tickets: Tickets,
        headers: Mapping[str, str],
        patience_s: float | None,
        clock: Clock,
    ) -> None:
        self._base = base
        self._target = target
        self._sink = sink
        self._http = http
        self._tickets = tickets
        self._headers = headers
        self._patience_s = patience_s
        self._clock = clock
        self._watchdog = Watchdog(clock)
        self._backoff = backoff(FIRST_S, MOST_S)
        self._retry_s: float | None = None
        self._bye: Bye | None = None
        self._is_greeted = False
        self._was_greeted = False

    async def run(self) -> Never:
        """Until a failure that time does not mend, which is raised as StreamError."""
        started = self._clock.now()
        while True:
            try:
                await self._stream()
            except StreamError as error:
                wait_s = self._wait_s(error)
                late_s = self._clock.now() + wait_s - started
                if not self._was_greeted and self._patience_s is not None and late_s > self._patience_s:
                    raise
                self._sink.lost(error, wait_s)
            await asyncio.sleep(wait_s)

    async def _stream(self) -> Never:
        self._retry_s = self._bye = None
        self._is_greeted = False
        ticket = await self._tickets.get()
        # There is a query always.
        shown = "" if ticket is None else f"&ticket={quote(ticket, safe='', errors='replace')}"
        url = httpx.URL(self._base + self._target + shown)
        self._watchdog.begin()
        reader = asyncio.create_task(self._read(url))
        try:
            while not reader.done():
                await asyncio.wait({reader}, timeout=PULSE_S)
                if not reader.done() and self._watchdog.left_s <= 0:
                    self._watchdog.bark()
                    raise Silent("silent", "nothing was heard for too long")
            reader.result()
        finally:
            reader.cancel()
            await asyncio.wait([reader])
            if not reader.cancelled():
                # Read once more, so that nobody complains that it was not.
                reader.exception()
        raise self._ended()

    async def _read(self, url: httpx.URL) -> None:
        async with opened(self._http, url, self._headers) as messages:
            async for message in messages:
                self._hear(message)

    def _hear(self, message: ServerSentEvent) -> None:
        self._watchdog.hear()
        if message.retry is not None:
            self._retry_s = min(1000 * LATEST_S, message.retry) / 1000
        event = decode(message.event, message.data) if message.data else None
        match event:
            case None:
                return
            case Hello():
                self._is_greeted = self._was_greeted = True
                self._bye = None
                self._backoff = backoff(FIRST_S, MOST_S)
            case Bye():
                self._bye = event
            case Heartbeat():
                self._watchdog.beat(event.server_time)
        self._sink.event(event)

    def _ended(self) -> StreamError:
        """A clean end, as the failure that it is."""
        if self._bye is None:
            return Lost(LOST, "the server ended the stream")
        code, words = clean(self._bye.code), told(self._bye.code, self._bye.message)
        if code == EXPIRED:
            return Unauthorized(EXPIRED, words)
        return Lost(code, words) if self._is_greeted else Unavailable(code, words)

    def _wait_s(self, error: StreamError) -> float:
        """How long to stay away after this. Raises it where it is not to be tried again."""
        if isinstance(error, Unauthorized):
            if self._tickets.expire():
                return 0.0
            if self._tickets.wait_s:
                return self._tickets.wait_s
            raise error
        if isinstance(error, StreamFatal):
            if not self._was_greeted or not isinstance(error, NotTapecast | TlsFailed | TicketFailed):
                raise error
            return LASTING_S * random.uniform(1.0, 1.2)
        if isinstance(error, Silent):
            return SOONEST_S
        if self._retry_s is not None:
            return max(SOONEST_S, self._retry_s)
        return (error.retry_after_s or 0.0) + next(self._backoff)
