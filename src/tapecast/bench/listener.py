"""One stream of prices, from the request to its end: the loop that every event of a run passes.

A write of the server that holds nothing but prices, as nearly all do, is counted without being taken apart.
Of its prices one in `every` is decoded, for its age and its order. Whatever has a name is always read.

Not every price has an age: the first of each symbol, and the one behind a new state, are images from the
cache, which may be as old as they like.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final

import msgspec

from tapecast.bench.tally import Tally
from tapecast.bench.wire import Connection, NotHttp

EVENT_BYTES: Final = 1024 * 1024
"""Longer than any event of a stream of prices. More without an end is not ours."""
RETRY_MS: Final = 2000
"""As browsers do, until the server says otherwise."""

_MILLISECONDS: Final = re.compile("[0-9]{1,7}")
_END: Final = b"\n\n"
_PRICE: Final = b"data: "


class _Price(msgspec.Struct, gc=False):
    symbol: str
    epoch: int = 0
    seq: int = 0
    ts_recv: int = 0


class _Told(msgspec.Struct, gc=False):
    """Of any named event, what we look at."""

    symbol: str = ""
    state: str = ""
    reason: str = ""
    server_time: int = 0
    code: str = ""
    message: str = ""


_price = msgspec.json.Decoder(_Price)
_told = msgspec.json.Decoder(_Told)


class Listener(Connection):
    """A stream. It has `begun` with its `hello`; without one, `begun` is done when it has ended."""

    def __init__(self, request: bytes, tally: Tally, dialled: float) -> None:
        super().__init__(request)
        self._tally = tally
        self._now = tally.clock.now
        self._wall = tally.clock.wall
        self._rest = b""
        # So many prices until one is looked at.
        self._due = tally.every
        self._newest: dict[str, tuple[int, int]] = {}
        # Symbols whose image we have, so that the next of them is news.
        self._known: set[str] = set()
        # By the clock that is never set; and when the request was sent, by the one that people read.
        self._dialled = dialled
        self._asked_wall = 0.0
        self.has_begun = False
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # When a price came last; 0 before the first.
        self.last = 0.0
        # When others heard what this one has not, and which has been counted; 0 for nothing.
        self.missed = 0.0
        self.states: dict[str, str] = {}
        self.retry_ms = RETRY_MS
        # The server's last words: code, message.
        self.bye: tuple[str, str] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected, TLS and all: ask."""
        self._tally.connects.add(self._now() - self._dialled)
        self._asked_wall = self._wall()
        super().connection_made(transport)

    @property
    def is_stream(self) -> bool:
        """Whether the answer is what was asked for."""
        return self.status == 200 and self.media_type == "text/event-stream"

    def on_body(self, body: bytes) -> None:
        """The next events, or a part of them."""
        if not self.is_stream:
            super().on_body(body)
            return
        self._tally.bytes += len(body)
        data = self._rest + body if self._rest else body
        end = data.rfind(_END)
        if end < 0:
            self._rest = data
            if len(data) > EVENT_BYTES:
                self.give_up(NotHttp("an event of it has no end"))
            return
        self._rest = data[end + 2 :]
        whole = data[:end]
        if whole.startswith(_PRICE) and b"event: " not in whole:
            self._prices(whole, whole.count(_END) + 1)
        else:
            self._each(whole)

    def connection_lost(self, exc: Exception | None) -> None:
        """The end."""
        super().connection_lost(exc)
        self._settle()

    @property
    def is_open(self) -> bool:
        """Whether it streams now."""
        return self.has_begun and not self.ended.done()

    def _settle(self) -> None:
        if not self.begun.done():
            self.begun.set_result(None)

    # The way of nearly all prices.

    def _prices(self, whole: bytes, count: int) -> None:
        now = self._now()
        if not self.last:
            self._tally.first_prices.add(now - self._dialled)
        self._tally.prices += count
        self.last = self._tally.newest = now
        if count < self._due:
            self._due -= count
            return
        frames = whole.split(_END)
        at = self._due
        while at <= count:
            self._look(frames[at - 1])
            at += self._tally.every
        self._due = at - count

    def _look(self, frame: bytes) -> None:
        price = self._read(frame)
        if price is None:
            return
        if price.symbol not in self._known:
            self._known.add(price.symbol)
        elif self._tally.is_counting and price.ts_recv:
            self._tally.ages.add(self._wall() - price.ts_recv / 1_000_000)

    def _read(self, frame: bytes) -> _Price | None:
        try:
            price = _price.decode(frame.removeprefix(_PRICE))
        except msgspec.DecodeError:
            self._tally.unreadable += 1
            return None
        order = (price.epoch, price.seq)
        if order < self._newest.get(price.symbol, order):
            self._tally.disorder += 1
        else:
            self._newest[price.symbol] = order
        return price

    # The way of the others, and of the prices between them.

    def _each(self, whole: bytes) -> None:
        for frame in whole.split(_END):
            fields = dict(_field(line) for line in frame.split(b"\n"))
            if retry := fields.get("retry"):
                self.retry_ms = int(retry) if _MILLISECONDS.fullmatch(retry) else self.retry_ms
            data = fields.get("data")
            if data is None:
                continue
            if "event" in fields:
                self._tally.others += 1
                self._named(fields["event"], data)
            elif (price := self._read(data.encode())) is not None:
                self._known.add(price.symbol)
                self._count_one()

    def _count_one(self) -> None:
        now = self._now()
        if not self.last:
            self._tally.first_prices.add(now - self._dialled)
        self._tally.prices += 1
        self.last = self._tally.newest = now

    def _named(self, name: str, data: str) -> None:
        try:
            told = _told.decode(data)
        except msgspec.DecodeError:
            # Of an event with other fields of these names; we need none of it.
            self._tally.unreadable += name in {"hello", "heartbeat", "symbol", "bye"}
            return
        match name:
            case "hello":
                self.has_begun = True
                self._settle()
                if told.server_time:
                    self._tally.offset.answered(told.server_time / 1e6, self._asked_wall, self._wall())
            case "heartbeat" if told.server_time:
                self._tally.offset.told(told.server_time / 1e6, self._wall())
            case "symbol":
                self._known.discard(told.symbol)
                self.states[told.symbol] = f"{told.state} ({told.reason})" if told.reason else told.state
            case "bye":
                self.bye = (told.code, told.message)
            case _:
                pass


def _field(line: bytes) -> tuple[str, str]:
    name, _, value = line.partition(b":")
    return name.decode("utf-8", "replace"), value.removeprefix(b" ").decode("utf-8", "replace")
