"""The streams: from a request to a client whose socket gets Server-Sent Events.

Every stream begins with `retry:`, `hello` and the state of every feed, and then sends each symbol's state
with its newest or last known tick.

A stream can end in these ways, and in no other:

| what happened                          | last words       | how it ends here                          |
| -------------------------------------- | ---------------- | ----------------------------------------- |
| the client left                        | none             | its line hears it (`line.py`)             |
| it took nothing for 30 s               | none             | aborted, counted as `stalled`             |
| it keeps on sending                    | none             | aborted, counted as `talks`               |
| its host is gone without a word        | none             | the kernel gives up after 45 s            |
| it has been open for MAX_STREAM_AGE_S  | `bye` `max_age`  | closed when that is out                   |
| its ticket expires                     | `bye` `ticket_expired` | closed when that is out             |
| its time is over, and it reads slowly  | none             | aborted after 5 s, counted as `overdue`   |
| the server drains                      | `bye` `draining` | closed when that is out                   |
| it drains, the client takes nothing    | none             | aborted after the grace, as `drained`     |

Lost feeds, a lost Redis and a lost ingest end no stream: they are events.
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tapecast.api import frames
from tapecast.api.auth import Guard
from tapecast.api.encoding import accepts_gzip
from tapecast.api.grant import Grant, Subject
from tapecast.api.hub import Hub
from tapecast.api.peers import counted
from tapecast.api.protocol import take_over
from tapecast.api.room import admit
from tapecast.api.seats import Seats
from tapecast.api.symbols import Ask, parse_interval, parse_subjects, parse_symbols
from tapecast.settings import Settings

HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    # nginx and others would keep events until they have a page of them.
    "X-Accel-Buffering": "no",
    # What answers varies with it, and a stream's connection serves nothing after it.
    "Vary": "Accept-Encoding",
    "Connection": "close",
}


class Stream(Response):
    """The head of one client's stream; the body is written by the client's view, not through ASGI."""

    def __init__(self, seats: Seats, ask: Ask, grant: Grant, *, gzip: bool) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._seats = seats
        self._ask = ask
        self._grant = grant
        self._encoding = seats.gzip if gzip else seats.plain
        if gzip:
            self.headers["Content-Encoding"] = self._encoding.name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head, then hand the connection over. From there on no task belongs to this client."""
        del receive
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body"})
            return
        line = self._seats.line(self._ask)
        if take_over(scope, line):
            self._seats.take(self._ask, self._encoding, line, self._grant)


class Streams:
    """The endpoints that answer with a stream."""

    def __init__(self, hub: Hub, seats: Seats, settings: Settings, guard: Guard) -> None:
        self._hub = hub
        self._seats = seats
        self._settings = settings
        self._guard = guard

    async def prices(self, request: Request) -> Response:
        """`GET /stream/prices?symbols=AAPL,BTC/USD[&interval=250]`."""
        grant = self._require(request, ["prices"])
        asked = parse_symbols(request.query_params, self._settings, grant=grant)
        symbols, refused = admit(asked, self._hub.topics, grant.bringer)
        return self._stream(request, Ask(symbols, refused, self._interval(request)), grant)

    async def positions(self, request: Request) -> Response:
        """`GET /stream/positions`."""
        grant = self._require(request, ["positions"])
        return self._stream(request, Ask(interval_ms=self._interval(request), positions=True), grant)

    async def status(self, request: Request) -> Response:
        """`GET /stream/status`: JSON for curl, a stream for whoever asks for one."""
        grant = self._require(request, ["status"])
        if accepts_stream(request):
            return self._stream(request, Ask(status=True), grant)
        body = frames.encode(self._hub.board.report())
        return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})

    async def multiplexed(self, request: Request) -> Response:
        """`GET /stream?prices=AAPL,MSFT&positions&status[&interval=250]`: all of it on one connection."""
        query = request.query_params
        asked = parse_subjects(query)
        grant = self._require(request, asked)
        only_prices = asked == {"prices"}
        named = parse_symbols(query, self._settings, "prices", alone=only_prices, grant=grant)
        symbols, refused = admit(named, self._hub.topics, grant.bringer)
        positions, status = "positions" in asked, "status" in asked
        return self._stream(request, Ask(symbols, refused, self._interval(request), positions, status), grant)

    def _require(self, request: Request, subjects: Iterable[Subject]) -> Grant:
        return counted(self._guard.require(request, subjects), request, self._settings.trusted_proxies)

    def _interval(self, request: Request) -> int:
        return parse_interval(request.query_params, self._settings.stream_interval_ms)

    def _stream(self, request: Request, ask: Ask, grant: Grant) -> Stream:
        self._hub.audience.require_seat(grant.holders)
        gzip = self._settings.compression and accepts_gzip(request.headers)
        return Stream(self._seats, ask, grant, gzip=gzip)


def accepts_stream(request: Request) -> bool:
    """Whether the client is an EventSource, or behaves like one."""
    return "text/event-stream" in request.headers.get("accept", "")
