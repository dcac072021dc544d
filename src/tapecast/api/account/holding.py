"""One position as clients see it: at the newer of two prices, with what may be believed of it.

Alpaca's figure is of when it was asked for, our tick of when its trade was made. Between two reads a trade is
newer; but what the feed last saw of a quiet symbol may be older than what Alpaca knows from all exchanges.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from tapecast.api.account.numbers import number
from tapecast.api.account.repricing import repriced
from tapecast.api.topic import Topic
from tapecast.bus.codec import Fields, SymbolStatus
from tapecast.market import SymbolState, market_of, parse_rfc3339

CURRENT: Final = frozenset({SymbolState.LIVE, SymbolState.CLOSED})
READ_US: Final = 1_000_000
"""A trade this long before Alpaca answered may have been missed by the answer."""


class Mark(msgspec.Struct, frozen=True):
    """The part of a tick that prices a position, without a detour through binary floats."""

    price: Decimal
    ts_recv: int = 0
    timestamp: str = ""

    @property
    def micros(self) -> int:
        """When its trade was made, or else when it was heard of."""
        return micros(self.timestamp) or self.ts_recv


_decode = msgspec.json.Decoder(Mark).decode


class Holding:
    """A position at its newest price."""

    __slots__ = ("as_of", "base", "fields", "priced_us", "status")

    def __init__(self, base: Fields, topic: Topic | None, as_of: str) -> None:
        # Alpaca's, with numbers.
        self.base = base
        self.status = _status(str(base.get("symbol")), topic)
        as_of_us = micros(as_of)
        mark = _mark(topic) if isinstance(base.get("qty"), Decimal) else None
        if mark is not None and (not mark.micros or mark.micros >= as_of_us - READ_US):
            # When the price was made, 0 if nothing tells; and what clients get, all but its age.
            self.priced_us, self.as_of = mark.micros, ""
            self.fields = repriced(base, mark.price) | _said(self.status)
        else:
            self.priced_us, self.as_of = as_of_us, as_of
            self.fields = base | _said(self.status)

    @property
    def is_current(self) -> bool:
        """Whether its price may be taken for the present one."""
        return self.status.state in CURRENT

    def payload(self, now_us: int) -> Fields:
        """What clients get."""
        own: Fields = {"as_of": self.as_of} if self.as_of else {}
        return self.fields | age(self.priced_us, now_us) | own


def age(priced_us: int, now_us: int) -> Fields:
    """How old a price is, if that is known."""
    return {"price_age_ms": max(0, (now_us - priced_us) // 1000)} if priced_us else {}


def micros(time: str) -> int:
    """RFC 3339 in microseconds since the epoch; 0 if it is none."""
    try:
        return parse_rfc3339(time) // 1000
    except ValueError:
        return 0


def _status(symbol: str, topic: Topic | None) -> SymbolStatus:
    if market_of(symbol) is None:
        return SymbolStatus(symbol, SymbolState.REFUSED, "symbol_invalid")
    if topic is None or topic.shown is None:
        return SymbolStatus(symbol, SymbolState.PENDING)
    return topic.shown


def _said(status: SymbolStatus) -> Fields:
    reason: Fields = {"reason": status.reason} if status.reason else {}
    return {"state": status.state} | reason


def _mark(topic: Topic | None) -> Mark | None:
    # The hub reads only a tick's head; what cannot price a position must not end the hub's reader.
    if topic is None or topic.data is None or topic.shown is None:
        return None
    try:
        mark = _decode(topic.data)
    except msgspec.DecodeError:
        return None
    return mark if number(mark.price) is not None else None
