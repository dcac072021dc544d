"""One position as clients see it: at the newer of two prices, with what may be believed of it.

Alpaca's figure is of when it was asked for, our tick of when its trade was made. Between two reads a trade is
newer; but what the feed last saw of a quiet symbol may be older than what Alpaca knows from all exchanges.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Final, NamedTuple

import msgspec

from tapecast.api.account.amounts import amounts
from tapecast.api.account.numbers import EXACT, number
from tapecast.api.account.repricing import is_repriceable, repriced
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


MULTIPLIER_UNKNOWN: Final = "multiplier_unknown"
QUANTITY_UNKNOWN: Final = "quantity_unknown"

_decode = msgspec.json.Decoder(Mark).decode


class Sight(NamedTuple):
    """What the hub knows of a symbol, as far as a position depends on it."""

    status: SymbolStatus
    price: Decimal | None = None
    # When the trade was made, as the venue wrote it; or else when it was heard of.
    born: str | int = 0


def sight(symbol: str, topic: Topic | None) -> Sight:
    """Look at a symbol. `topic` is None if nobody listens to it."""
    if market_of(symbol) is None:
        # An asset that no feed of ours could have, or a name that ingest could not translate.
        return Sight(SymbolStatus(symbol, SymbolState.REFUSED, "symbol_invalid"))
    if topic is None or topic.shown is None:
        return Sight(SymbolStatus(symbol, SymbolState.PENDING))
    # The hub reads only a tick's head; what cannot price a position must not end the hub's reader.
    try:
        mark = _decode(topic.data or b"")
    except msgspec.DecodeError:
        return Sight(topic.shown)
    # A quote is news to the hub, and none here.
    return Sight(topic.shown, number(mark.price), mark.timestamp or mark.ts_recv)


class Holding:
    """A position at its newest price."""

    __slots__ = ("amounts", "as_of", "base", "fields", "priced_us", "sight", "status")

    def __init__(self, base: Fields, seen: Sight, as_of: str) -> None:
        # Alpaca's, with numbers.
        self.base = base
        self.sight = seen
        can_be = is_repriceable(base)
        # What may be believed of its price: a tick of a symbol that we cannot multiply is of no use.
        self.status = seen.status if can_be else _frozen(seen.status, base)
        said: Fields = {"state": self.status.state}
        if self.status.reason:
            said["reason"] = self.status.reason
        as_of_us, born_us = micros(as_of), micros(seen.born)
        is_newer = not born_us or born_us >= as_of_us - READ_US
        if seen.price is not None and is_newer and can_be:
            # When the price was made, 0 if nothing tells; and what clients get, all but its age.
            self.priced_us, self.as_of = born_us, ""
            self.fields = repriced(base, seen.price) | said
        else:
            self.priced_us, self.as_of = as_of_us, as_of
            self.fields = base | said
        with localcontext(EXACT):
            self.amounts = amounts(base, self.fields)

    @property
    def is_current(self) -> bool:
        """Whether its price may be taken for the present one."""
        return self.status.state in CURRENT

    def payload(self, now_us: int) -> Fields:
        """What clients get."""
        own: Fields = {"as_of": self.as_of} if self.as_of else {}
        return self.fields | age(self.priced_us, now_us) | own


def _frozen(seen: SymbolStatus, base: Fields) -> SymbolStatus:
    if seen.state not in CURRENT:
        return seen
    reason = MULTIPLIER_UNKNOWN if isinstance(base.get("qty"), Decimal) else QUANTITY_UNKNOWN
    return SymbolStatus(seen.symbol, SymbolState.STALE, reason)


def age(priced_us: int, now_us: int) -> Fields:
    """How old a price is, if that is known."""
    return {"price_age_ms": max(0, (now_us - priced_us) // 1000)} if priced_us else {}


def micros(time: str | int) -> int:
    """RFC 3339 in microseconds since the epoch; 0 if it is none."""
    try:
        return time if isinstance(time, int) else parse_rfc3339(time) // 1000
    except ValueError:
        return 0
