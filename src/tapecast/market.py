"""The vocabulary of the pipe: markets, symbols, states, and the messages that pass between its stations.

Everything here is a frozen value without I/O. Prices are floats as the venue sends them, sizes too (crypto is
fractional). Venue time is `ts_event_ns`, nanoseconds since the epoch; our own receive time is `ts_recv`,
microseconds since the epoch, the unit of `epoch`, `seq` and `server_time` as well.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec


class Market(StrEnum):
    """One connection at the venue, one lease, one beat."""

    US_EQUITY = "us_equity"
    CRYPTO = "crypto"
    US_OPTION = "us_option"


class FeedState(StrEnum):
    """What the owner of a market says of its path to the venue."""

    IDLE = "idle"  # nobody wants a symbol, so no socket is held
    CONNECTING = "connecting"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    CLOSED = "closed"  # the path is healthy, the market's session is closed
    STANDBY = "standby"
    FAILED = "failed"  # fatal: not dialled again until a restart


HEALTHY_STATES = frozenset({FeedState.LIVE, FeedState.CLOSED})
"""The states in which the newest tick of a confirmed symbol may be believed."""


class SymbolState(StrEnum):
    """What a client may believe of one symbol."""

    PENDING = "pending"  # asked for, no price yet
    LIVE = "live"
    CLOSED = "closed"  # healthy path, market closed: the last price stands
    STALE = "stale"  # not to be trusted as current
    REFUSED = "refused"


# OCC option symbol without spaces: root, YYMMDD, C or P, strike x 1000 in eight digits.
_OPTION = re.compile(r"[A-Z]{1,5}[0-9]?[0-9]{6}[CP][0-9]{8}")
_CRYPTO = re.compile(r"[A-Z0-9]{1,10}/[A-Z]{2,5}")
# Up to nine letters or digits (FAKEPACA, the venue's test symbol, has eight) and class or series suffixes.
_EQUITY = re.compile(r"[A-Z][A-Z0-9]{0,8}(\.[A-Z]{1,4}){0,2}")


def market_of(symbol: str) -> Market | None:
    """The market that a symbol's form belongs to, or None if it has the form of no symbol."""
    if _EQUITY.fullmatch(symbol):
        return Market.US_EQUITY
    if _CRYPTO.fullmatch(symbol):
        return Market.CRYPTO
    if _OPTION.fullmatch(symbol):
        return Market.US_OPTION
    return None


SETS_PRICE: Final = 1
SETS_RANGE: Final = 2
ADDS_VOLUME: Final = 4
SETS_ALL: Final = SETS_PRICE | SETS_RANGE | ADDS_VOLUME


class Trade(msgspec.Struct, frozen=True, gc=False):
    """One print. `effect` says what it does to the last price, the day's range and the day's volume.

    `number` is the venue's name for it, unique with `exchange` within a day; 0 where the venue gives none.
    """

    symbol: str
    price: float
    size: float
    ts_event_ns: int
    ts_recv: int
    number: int = 0
    exchange: str = ""
    effect: int = SETS_ALL


class Correction(msgspec.Struct, frozen=True, gc=False):
    """An earlier print was wrong, and this is what it should have been; it keeps its time."""

    symbol: str
    number: int
    exchange: str
    new_number: int
    price: float
    size: float
    effect: int
    ts_recv: int


class Cancel(msgspec.Struct, frozen=True, gc=False):
    """An earlier print never was."""

    symbol: str
    number: int
    exchange: str
    ts_recv: int


class Quote(msgspec.Struct, frozen=True, gc=False):
    """Top of book. A side that the venue gave as zero is None: there is no such price."""

    symbol: str
    bid: float | None
    ask: float | None
    bid_size: float | None
    ask_size: float | None
    ts_event_ns: int
    ts_recv: int


class DayBar(msgspec.Struct, frozen=True, gc=False):
    """The running (or last) session of a symbol. `start_ns` is its first instant, as the venue dates it."""

    start_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class Snapshot(msgspec.Struct, frozen=True):
    """What the venue's REST answer knows of one symbol. Parts that it did not know are None."""

    symbol: str
    trade: Trade | None
    quote: Quote | None
    day: DayBar | None
    previous_day: DayBar | None
    # When it was asked for, in microseconds; 0: nobody asked. What happened since may not be in it.
    ts_asked: int = 0


class Tick(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The whole image of one symbol: what Redis holds and browsers get, field by field in wire order.

    `price` is always that of a trade. Unknown fields are left out, never zero or null. `change` is against
    the previous session's close (crypto: of the UTC day), `change_percent` in percent. `epoch` and `seq`
    order all ticks of a symbol; `ts_recv` is when ingest received what made this tick. The three must stay
    last: `bus/codec.py` compares images by what stands before them.
    """

    symbol: str
    price: float
    size: float | None = None
    timestamp: str | None = None
    bid: float | None = None
    ask: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    quote_timestamp: str | None = None
    open: float | None = None
    high: float | None = None
    low: float | None = None
    volume: float | None = None
    previous_close: float | None = None
    change: float | None = None
    change_percent: float | None = None
    crossed: bool = False
    corrected: bool = False
    feed: str = ""
    epoch: int = 0
    seq: int = 0
    ts_recv: int = 0


def rfc3339(ns: int) -> str:
    """Nanoseconds since the epoch as RFC 3339 in UTC, with no, 3, 6 or 9 digits of a second.

    In groups of three, as protobuf writes times: those of a venue that counts in milliseconds then sort as
    text, which `.9Z` and `.935Z` do not.

    >>> rfc3339(1_610_064_000_900_000_000)
    '2021-01-08T00:00:00.900Z'
    """
    seconds, fraction = divmod(ns, 1_000_000_000)
    if fraction % 1_000:
        return f"{_to_the_second(seconds)}.{fraction:09d}Z"
    if fraction % 1_000_000:
        return f"{_to_the_second(seconds)}.{fraction // 1_000:06d}Z"
    if fraction:
        return f"{_to_the_second(seconds)}.{fraction // 1_000_000:03d}Z"
    return _to_the_second(seconds) + "Z"


@lru_cache(maxsize=64)  # Nearly all ticks are of the second that is now.
def _to_the_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII)


def parse_rfc3339(text: str) -> int:
    """RFC 3339 as nanoseconds since the epoch; `datetime` alone would lose the last three digits.

    Raises ValueError where the text is not such a time.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"not an RFC 3339 time: {text!r}")
    whole, fraction, zone = match.groups()
    seconds = int(datetime.fromisoformat(whole + zone).timestamp())
    return seconds * 1_000_000_000 + int((fraction or "0").ljust(9, "0"))


def number(value: object) -> float | None:
    """A venue's price, size or volume: a finite number that is not below zero, else None. A bool is none."""
    # The very types that msgpack and JSON decode to. Compared before it is converted: both know integers that
    # no float can hold.
    if type(value) is not float and type(value) is not int:
        return None
    return float(value) if 0 <= value <= sys.float_info.max else None
