"""The trading stream: one supervised connection that tells of order events while the account is followed.

It has no replay: whoever was away may have missed events, and reads by REST once the stream is heard again.
A refusal of the keys leaves `run` as FeedFatal after one dial; every other failure is retried inside.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Never, Protocol

from alpaca.trading.stream import TradingStream
from pydantic import SecretStr

from tapecast.errors import FeedTransient
from tapecast.feeds.alpaca import trading_wire
from tapecast.feeds.alpaca.account_pairs import Fields, Pairs
from tapecast.feeds.alpaca.endpoint import WEBSOCKET_PARAMS, keys
from tapecast.feeds.alpaca.limits import Delays, Limits
from tapecast.feeds.alpaca.rest_client import TRADING_URL, is_sound
from tapecast.feeds.alpaca.together import together
from tapecast.feeds.alpaca.trading_connection import TradingConnection
from tapecast.settings import Settings

LIMITS: Final = Limits(ping_s=3.0, silent_s=8.0)
"""An account is quiet for hours, and nothing expires meanwhile: fewer pings than for prices."""

logger = logging.getLogger(__name__)


class TradingListener(Protocol):
    """Who follows the account. Every method returns at once and never raises."""

    def on_order(self, event: Fields) -> None:
        """An order event, as the venue sent it."""

    def on_stream(self, *, is_live: bool) -> None:
        """Order events come from now on, or do not any more; some may have been lost before."""

    def on_rejected(self, kind: str) -> None:
        """A message that made no sense was left out."""

    def is_owner(self) -> bool:
        """Whether we may still hold the connection. If not, it is cut off."""


@dataclass(frozen=True)
class TradingEndpoint:
    """Where order events come from."""

    url: str
    key: SecretStr
    secret: SecretStr

    def stream(self) -> TradingStream:
        """A new, unconnected alpaca-py stream; one for each dial, so that no state survives a session."""
        return TradingStream(
            self.key.get_secret_value(),
            self.secret.get_secret_value(),
            raw_data=True,
            url_override=self.url,
            websocket_params=dict(WEBSOCKET_PARAMS),
        )


def trading_endpoint(settings: Settings) -> TradingEndpoint:
    """The trading stream of the account whose REST side the settings name. Raises SettingsError."""
    # A live account needs one setting, not two that can disagree.
    base = (settings.alpaca_trading_url or TRADING_URL).rstrip("/")
    url = settings.alpaca_trading_stream_url or f"ws{base.removeprefix('http')}/stream"
    return TradingEndpoint(url, *keys(settings))


class TradingFeed:
    """The account's order events."""

    def __init__(self, endpoint: TradingEndpoint, pairs: Pairs, limits: Limits = LIMITS) -> None:
        # Sessions that were opened because the one before was lost.
        self.reconnects = 0
        self._endpoint = endpoint
        self._pairs = pairs
        self._limits = limits
        self._told = trading_wire.Told()
        self._last_heard = 0.0

    async def run(self, listener: TradingListener) -> Never:
        """Hold the connection. Cancelling closes the socket."""
        delays, lost = Delays(self._limits), False
        while True:
            try:
                await self._hold(listener, delays, after_loss=lost)
            except FeedTransient as failure:
                lost = True
                listener.on_stream(is_live=False)
                delay = delays.after(failure)
                logger.warning("trading_stream_lost: %s; next dial in %.1f s", failure, delay)
                await asyncio.sleep(delay)

    async def _hold(self, listener: TradingListener, delays: Delays, *, after_loss: bool) -> None:
        connection = TradingConnection(self._endpoint.stream(), self._limits, self._hear)
        try:
            await connection.open()
            self.reconnects += after_loss
            session = _Session(connection, listener, self._limits, self._accept)
            began = time.monotonic()
            try:
                await together(session.read(), session.listen(), self._ping(connection))
            finally:
                # Not at once: a venue that accepts and drops us would be hammered.
                if time.monotonic() - began >= self._limits.proven_s:
                    delays.reset()
        finally:
            await connection.close(politely=listener.is_owner())

    def _accept(self, event: Fields) -> Fields | None:
        return trading_wire.translate(event, self._pairs) if self._told.is_new(event) else None

    async def _ping(self, connection: TradingConnection) -> None:
        while True:
            silent = time.monotonic() - self._last_heard
            if silent >= self._limits.silent_s:
                raise FeedTransient("silent", f"nothing heard from the trading stream for {silent:.0f} s")
            if silent >= self._limits.ping_s:
                await connection.ping()
                silent = 0.0
            await asyncio.sleep(self._limits.ping_s - silent)

    def _hear(self) -> None:
        self._last_heard = time.monotonic()


class _Session:
    """From the log-in to the first failure."""

    def __init__(
        self,
        connection: TradingConnection,
        listener: TradingListener,
        limits: Limits,
        accept: Callable[[Fields], Fields | None],
    ) -> None:
        self._connection = connection
        self._listener = listener
        self._limits = limits
        # None for an event that was told before.
        self._accept = accept
        self._listening = asyncio.Event()

    async def listen(self) -> None:
        """Ask for order events, and wait for the answer and then for ever."""
        await self._connection.listen()
        try:
            async with asyncio.timeout(self._limits.reply_s):
                await self._listening.wait()
        except TimeoutError:
            raise FeedTransient("listen_timeout", "the trading stream did not grant order events") from None
        self._listener.on_stream(is_live=True)
        await asyncio.Event().wait()

    async def read(self) -> None:
        """Hand over every event, until the connection fails."""
        while True:
            messages = trading_wire.unpack(await self._connection.receive())
            if messages is None:
                self._reject("frame")
            for message in messages or ():
                self._hand_over(message)

    def _hand_over(self, message: Fields) -> None:
        error = trading_wire.error_of(message)
        if error is not None:
            raise FeedTransient("venue_error", f"the trading stream reported: {error}")
        data = message.get("data")
        match message.get("stream"):
            case trading_wire.UPDATES:
                self._take(data)
            case "listening":
                if trading_wire.is_listening(message):
                    self._listening.set()
            case "authorization":
                pass
            case _:
                self._listener.on_rejected("message")

    def _take(self, data: object) -> None:
        if not isinstance(data, dict) or not is_sound(data):
            self._reject("event")
            return
        event = self._accept(data)
        if event is not None:
            self._listener.on_order(event)

    def _reject(self, kind: str) -> None:
        self._listener.on_rejected(kind)
        # It may have been an order event.
        if self._listening.is_set():
            self._listener.on_stream(is_live=True)
