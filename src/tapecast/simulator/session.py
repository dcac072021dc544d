"""One connection's side of the data stream's protocol: messages in, replies out, no I/O.

    connected -> (auth) -> authenticated -> (subscribe, unsubscribe)* -> closed

| code | when                                             | then the connection                   |
| ---- | ------------------------------------------------ | ------------------------------------- |
| 400  | the message is malformed, or a symbol in it is   | stays, its set unchanged              |
| 401  | subscribe before auth                            | stays                                 |
| 402  | wrong keys                                       | is closed                             |
| 403  | auth again                                       | stays                                 |
| 404  | no authentication in time                        | is closed                             |
| 405  | more symbols than the plan has                   | stays, its set unchanged              |
| 406  | another connection holds the endpoint's slot     | stays a while: auth may be sent again |
| 407  | the client does not read (`outbox.py`)           | is closed                             |
| 410  | a channel that this endpoint does not have       | stays, its set unchanged              |
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from tapecast.market import Market, market_of
from tapecast.simulator.codec import Encoded
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.outbox import Outbox
from tapecast.simulator.walk import Print

_CHANNELS: Final = {
    Market.US_EQUITY: ("trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds"),
    Market.CRYPTO: ("trades", "quotes", "orderbooks", "bars", "updatedBars", "dailyBars"),
}
_TEXTS: Final = {
    400: "invalid syntax",
    401: "not authenticated",
    402: "auth failed",
    403: "already authenticated",
    404: "auth timeout",
    405: "symbol limit exceeded",
    406: "connection limit exceeded",
    410: "invalid subscribe action for this feed",
}

Channels = dict[str, dict[str, None]]
"""Symbols by channel, in the order in which they came."""


class _Refused(Exception):
    """The message cannot be followed; `code` is the venue's number for it."""

    def __init__(self, code: int) -> None:
        super().__init__(_TEXTS[code])
        self.code = code


class Session:
    """What one client may do, and what it is subscribed to."""

    def __init__(
        self, market: Market, config: SimulatorConfig, outbox: Outbox, claim: Callable[[Session], bool]
    ) -> None:
        self._market = market
        self._config = config
        self._claim = claim
        self.outbox = outbox
        self.authenticated = False
        # Set by the shell when the connection is gone.
        self.ended = asyncio.Event()
        self._channels: Channels = {name: {} for name in _CHANNELS[market]}
        outbox.reply({"T": "success", "msg": "connected"})

    @property
    def trades(self) -> frozenset[str]:
        """The symbols whose trades are sent."""
        return frozenset(self._channels["trades"])

    @property
    def moving(self) -> set[str]:
        """The symbols of which anything is sent."""
        return {*self._channels["trades"], *self._channels["quotes"]}

    def receive(self, payload: bytes | str) -> None:
        """Take one message of the client and put the reply into the outbox."""
        try:
            self._follow(self.outbox.codec.decode(payload))
        except msgspec.DecodeError:
            self._error(400)
        except _Refused as refused:
            self._error(refused.code)

    def deliver(self, encoded: Encoded) -> None:
        """Send one event, if this session is subscribed to it."""
        event = encoded.event
        channel = "trades" if isinstance(event, Print) else "quotes"
        if event.instrument.symbol in self._channels[channel]:
            self.outbox.put(encoded.spelled(self.outbox.codec))

    def expire(self) -> None:
        """No authentication came in time."""
        self._error(404)
        self.outbox.close()

    def _follow(self, message: dict[str, Any]) -> None:
        match message:
            case {"action": "auth"}:
                self._authenticate(message)
            case {"action": "subscribe" | "unsubscribe" as action, **lists}:
                if not self.authenticated:
                    raise _Refused(401)
                change = self._subscribe if action == "subscribe" else self._unsubscribe
                change(self._checked(lists))
                self.outbox.reply(self._subscription())
            case _:
                raise _Refused(400)

    def _authenticate(self, message: Mapping[str, Any]) -> None:
        if self.authenticated:
            raise _Refused(403)
        if not self._config.accepts(message.get("key"), message.get("secret")):
            self._error(402)
            self.outbox.close()
            return
        if not self._claim(self):
            raise _Refused(406)
        self.authenticated = True
        self.outbox.reply({"T": "success", "msg": "authenticated"})

    def _checked(self, lists: Mapping[str, object]) -> dict[str, list[str]]:
        if lists.keys() - self._channels.keys():
            raise _Refused(410)
        if not any(lists.values()):
            raise _Refused(400)
        return {name: [self._symbol(each) for each in _items(value)] for name, value in lists.items()}

    def _symbol(self, value: object) -> str:
        if not isinstance(value, str) or market_of(value) is not self._market:
            raise _Refused(400)
        return value

    def _subscribe(self, lists: dict[str, list[str]]) -> None:
        wanted = {name: have | dict.fromkeys(lists.get(name, ())) for name, have in self._channels.items()}
        # Symbols are counted, not channels of symbols: one that is in trades and quotes is one.
        if len({symbol for symbols in wanted.values() for symbol in symbols}) > self._config.symbol_limit:
            raise _Refused(405)
        self._channels = wanted

    def _unsubscribe(self, lists: dict[str, list[str]]) -> None:
        for name, symbols in lists.items():
            for symbol in symbols:
                self._channels[name].pop(symbol, None)

    def _subscription(self) -> dict[str, Any]:
        lists = {name: list(symbols) for name, symbols in self._channels.items()}
        if self._market is Market.US_EQUITY:
            # Nobody asks for these two: they come with the trades.
            lists |= {"corrections": lists["trades"], "cancelErrors": lists["trades"]}
        return {"T": "subscription", **lists}

    def _error(self, code: int) -> None:
        self.outbox.reply({"T": "error", "code": code, "msg": _TEXTS[code]})


def _items(value: object) -> list[object]:
    if not isinstance(value, list):
        raise _Refused(400)
    return value
