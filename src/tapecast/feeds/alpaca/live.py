"""One authenticated session: read, reconcile, ping. Three coroutines over one connection.

The reader decodes and hands over; it never waits for anything but the next frame, because a reader that
waits is cut off by the venue (407). What must wait, waits in the reconciler.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from itertools import islice
from typing import Final

from tapecast.errors import FeedTransient
from tapecast.feeds.alpaca import bars, prints, wire
from tapecast.feeds.alpaca.codes import ALREADY_AUTHENTICATED, SUBSCRIPTION_CODES, failure
from tapecast.feeds.alpaca.connection import Connection
from tapecast.feeds.alpaca.limits import Limits
from tapecast.feeds.alpaca.seen import Known, Seen
from tapecast.feeds.alpaca.subscriptions import Subscriptions
from tapecast.feeds.alpaca.wire import Data, Message, Reject
from tapecast.feeds.base import FeedListener
from tapecast.market import Correction, Quote, Trade

TURN: Final = 2000
"""Messages handed over in one go: some milliseconds."""


class LiveSession:
    """From the log-in to the first failure."""

    def __init__(
        self,
        connection: Connection,
        subscriptions: Subscriptions,
        listener: FeedListener,
        limits: Limits,
        *,
        nudge: asyncio.Event,
        seen: Seen,
        on_confirmed: Callable[[frozenset[str]], None],
        on_served: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._subscriptions = subscriptions
        self._listener = listener
        self._limits = limits
        # Set when the desired set changed, or when the venue answered.
        self._nudge = nudge
        self._seen = seen
        self._on_confirmed = on_confirmed
        # Called when the venue has answered what we asked: from here on the path is believed.
        self._on_served = on_served
        # The desired set as the reader asks for it, made of these two.
        self._desired: dict[str, None] = {}
        self._known: dict[str, Known] = {}
        self._names: dict[str, Known] = {}

    async def read(self) -> None:
        """Hand over every message, until the connection fails."""
        while True:
            frame = await self._connection.receive()
            ts_recv = time.time_ns() // 1000
            usual = prints.read(frame, ts_recv, self._wanted())
            if usual is None:
                await self._read_any(frame, ts_recv)
            else:
                self._deliver_all(usual)

    async def _read_any(self, frame: object, ts_recv: int) -> None:
        messages = wire.unpack(frame)
        if isinstance(messages, Reject):
            self._listener.on_rejected(messages)
            return
        for start in range(0, len(messages), TURN):
            if start:
                # A frame of megabytes must not hold up the flusher and the beat.
                await asyncio.sleep(0)
            for message in islice(messages, start, start + TURN):
                self._hand_over(message, ts_recv)

    def _wanted(self) -> dict[str, Known]:
        desired, known = self._subscriptions.desired, self._seen.known
        # Each change of either is a new dict.
        if desired is not self._desired or known is not self._known:
            self._desired, self._known = desired, known
            self._names = {symbol: known.get(symbol) or Known(symbol) for symbol in desired}
        return self._names

    def _deliver_all(self, frame: prints.Frame) -> None:
        for _ in range(frame.unasked):
            self._listener.on_rejected(Reject.UNASKED)
        self._seen.messages += len(frame.data)
        self._listener.on_data(frame.data)

    async def reconcile(self) -> None:
        """Ask for what is missing, one request at a time, each answered in bounded time."""
        told: dict[str, str] | None = None
        while True:
            self._nudge.clear()
            request = self._subscriptions.ask()
            if request is not None:
                await self._connection.send(request.message())
                await self._answer()
                continue
            # Only now: while a batch is being halved, half of what is wanted would pass for refused.
            if told != (told := self._subscriptions.refused):
                self._listener.on_refused(told)
            self._on_served()
            await self._nudge.wait()

    async def ping(self, clock: Callable[[], float], last_heard: Callable[[], float]) -> None:
        """Ask a silent venue for a sign of life, and give up on it in bounded time."""
        while True:
            silent = clock() - last_heard()
            if silent >= self._limits.silent_s:
                raise FeedTransient("silent", f"nothing heard from the venue for {silent:.0f} s")
            # The ping leaves on time, not at the next round of a fixed beat: ingest calls a path healthy only
            # while something was heard in the last four seconds.
            if silent >= self._limits.ping_s:
                await self._connection.ping()
                silent = 0.0
            await asyncio.sleep(self._limits.ping_s - silent)

    async def _answer(self) -> None:
        try:
            async with asyncio.timeout(self._limits.reply_s):
                while self._subscriptions.in_flight is not None:
                    await self._nudge.wait()
                    self._nudge.clear()
        except TimeoutError:
            raise FeedTransient(
                "subscribe_timeout", "the venue did not answer a subscription in time"
            ) from None

    def _hand_over(self, message: object, ts_recv: int) -> None:
        value = wire.decode(message, ts_recv)
        if isinstance(value, Reject):
            if value is Reject.TYPE and isinstance(message, dict):
                self._control(message)
            else:
                self._listener.on_rejected(value)
        elif value is not None:
            if value.symbol in self._subscriptions.desired:
                self._deliver(value)
            else:
                self._listener.on_rejected(Reject.UNASKED)
        elif isinstance(message, dict) and message["T"] in ("b", "u"):
            self._bar(message, ts_recv)

    def _bar(self, message: Message, ts_recv: int) -> None:
        symbol = message.get("S")
        if isinstance(symbol, str) and symbol in self._subscriptions.desired:
            bar = bars.bar(message, ts_recv)
            if isinstance(bar, Reject):
                self._listener.on_rejected(bar)
            else:
                self._listener.on_bar(bar)

    def _deliver(self, value: Data) -> None:
        self._seen.messages += 1
        if isinstance(value, Trade):
            self._seen.on_trade(value.symbol, value.ts_event_ns)
            self._listener.on_trade(value)
        elif isinstance(value, Quote):
            self._listener.on_quote(value)
        elif isinstance(value, Correction):
            self._listener.on_correction(value)
        else:
            self._listener.on_cancel(value)

    def _control(self, message: Message) -> None:
        match message.get("T"):
            case "subscription":
                before = self._subscriptions.confirmed
                self._subscriptions.answered(message)
                if self._subscriptions.confirmed != before:
                    self._listener.on_subscribed(self._subscriptions.confirmed)
                    self._on_confirmed(self._subscriptions.confirmed)
                self._on_served()
                self._nudge.set()
            case "error":
                self._error(message.get("code"), message.get("msg"))
            case "success":
                pass
            case _:
                self._listener.on_rejected(Reject.TYPE)

    def _error(self, code: object, text: object) -> None:
        if type(code) is not int:
            self._listener.on_rejected(Reject.CONTROL)
        elif code in SUBSCRIPTION_CODES:
            if not self._subscriptions.failed(code):
                self._listener.on_rejected(Reject.CONTROL)
            self._nudge.set()
        elif code != ALREADY_AUTHENTICATED:
            # Of a text alone: a deep nest of lists cannot even be printed.
            raise failure(code, text[:80] if isinstance(text, str) else "")
