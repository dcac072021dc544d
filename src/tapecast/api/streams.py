"""The streams: what waits in a client's mailbox goes out as Server-Sent Events.

Every stream begins with `retry:`, `hello` and the state of every feed, and then sends each symbol's state
with its newest or last known tick. That is also the whole recovery after a lost connection: nothing is kept
per client.

A stream can end in these ways, and in no other:

| what happened                    | last words       | how it ends here                                 |
| -------------------------------- | ---------------- | ------------------------------------------------ |
| the client left                  | none             | sse-starlette hears it and cancels the generator |
| the server drains                | `bye` `draining` | the mailbox ends, the generator returns          |
| it drains, the client is stalled | none             | uvicorn cancels after its grace                  |
| a bug of ours                    | none             | the exception goes to the log, the socket is cut |

Lost feeds, a lost Redis and a lost ingest end no stream: they are events.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack, contextmanager

from sse_starlette import EventSourceResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tapecast import __version__
from tapecast.api import frames
from tapecast.api.auth import Guard
from tapecast.api.hub import Hub
from tapecast.api.mailbox import Mailbox
from tapecast.api.symbols import Ask, parse_interval, parse_subjects, parse_symbols
from tapecast.clock import Clock
from tapecast.settings import Settings


class Stream(EventSourceResponse):
    """One client's stream."""

    def __init__(self, hub: Hub, ask: Ask, clock: Clock) -> None:
        self._hub = hub
        self._ask = ask
        self._clock = clock
        self._mailbox = Mailbox()
        super().__init__(self._pieces(), ping=0, sep="\n")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, and be counted meanwhile.

        The seat is tied to this call and not to the generator, whose `finally` never runs when the client is
        gone before its first step.
        """
        if scope["method"] == "HEAD":
            await super().__call__(scope, receive, send)
            return
        with self._seat():
            await super().__call__(scope, receive, send)

    @contextmanager
    def _seat(self) -> Iterator[None]:
        hub, ask, mailbox = self._hub, self._ask, self._mailbox
        for refusal in ask.refused:
            mailbox.put_state(refusal.symbol, frames.event("symbol", refusal))
        with ExitStack() as seats:
            # First, so that the status which this client gets counts it.
            seats.enter_context(hub.audience.seat(mailbox))
            seats.enter_context(hub.listen(mailbox, ask.symbols))
            for status in hub.markets.statuses():
                mailbox.put_event(f"feed:{status.market}", frames.event("feed", status))
            if ask.positions:
                seats.enter_context(hub.book.seat(mailbox))
            if ask.status:
                seats.enter_context(hub.board.seat(mailbox))
            yield

    async def _pieces(self) -> AsyncGenerator[bytes]:
        yield frames.retry() + frames.event("hello", self._hello())
        loop, mailbox = asyncio.get_running_loop(), self._mailbox
        ticks_from = loop.time()
        while mailbox.last is None or len(mailbox):
            may_send_ticks = await mailbox.wait(ticks_from - loop.time())
            if may_send_ticks:
                ticks_from = loop.time() + self._ask.interval_ms / 1000
            # What is there now goes out before the next wait; what arrives meanwhile has its own turn.
            left = len(mailbox)
            while left > 0 and (batch := mailbox.take(ticks=may_send_ticks)):
                left -= len(batch)
                for piece in frames.pieces(batch):
                    yield piece
        yield mailbox.last

    def _hello(self) -> dict[str, object]:
        return {
            "server_time": self._clock.micros(),
            "interval": self._ask.interval_ms,
            "version": __version__,
            "feeds": self._hub.markets.statuses(),
        }


class Streams:
    """The endpoints that answer with a stream."""

    def __init__(self, hub: Hub, settings: Settings, guard: Guard, clock: Clock) -> None:
        self._hub = hub
        self._settings = settings
        self._guard = guard
        self._clock = clock

    async def prices(self, request: Request) -> Response:
        """`GET /stream/prices?symbols=AAPL,BTC/USD[&interval=250]`."""
        self._guard.require(request, "prices")
        symbols, refused = parse_symbols(request.query_params, self._settings)
        return self._stream(Ask(symbols, refused, self._interval(request)))

    async def positions(self, request: Request) -> Response:
        """`GET /stream/positions`."""
        self._guard.require(request, "positions")
        return self._stream(Ask(interval_ms=self._interval(request), positions=True))

    async def status(self, request: Request) -> Response:
        """`GET /stream/status`: JSON for curl, a stream for whoever asks for one."""
        self._guard.require(request, "status")
        if accepts_stream(request):
            return self._stream(Ask(status=True))
        body = frames.encode(self._hub.board.report())
        return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})

    async def multiplexed(self, request: Request) -> Response:
        """`GET /stream?prices=AAPL,MSFT&positions&status[&interval=250]`: all of it on one connection."""
        query = request.query_params
        asked = parse_subjects(query)
        for subject in sorted(asked):
            self._guard.require(request, subject)
        symbols, refused = parse_symbols(query, self._settings, "prices", alone=asked == {"prices"})
        positions, status = "positions" in asked, "status" in asked
        return self._stream(Ask(symbols, refused, self._interval(request), positions, status))

    def _interval(self, request: Request) -> int:
        return parse_interval(request.query_params, self._settings.stream_interval_ms)

    def _stream(self, ask: Ask) -> Stream:
        self._hub.require_open()
        return Stream(self._hub, ask, self._clock)


def accepts_stream(request: Request) -> bool:
    """Whether the client is an EventSource, or behaves like one."""
    return "text/event-stream" in request.headers.get("accept", "")
