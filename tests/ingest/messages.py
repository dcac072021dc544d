"""Messages of the venue about one symbol, as short as a test wants them, and the image that took them."""

from __future__ import annotations

from tapecast.ingest.image import Image
from tapecast.market import SETS_ALL, Cancel, Correction, DayBar, Quote, Snapshot, Tick, Trade, parse_rfc3339

FRIDAY = parse_rfc3339("2026-01-09T05:00:00Z")  # midnight in New York
THURSDAY = parse_rfc3339("2026-01-08T05:00:00Z")
NOON = parse_rfc3339("2026-01-09T17:00:00Z")


def trade(price: float, at: int = NOON, size: float = 1.0, ts_recv: int = 1) -> Trade:
    """A print."""
    return Trade("AAPL", price, size, at, ts_recv)


def quote(bid: float | None, ask: float | None, at: int = NOON, ts_recv: int = 1) -> Quote:
    """A top of book."""
    return Quote("AAPL", bid, ask, 1.0 if bid else None, 2.0 if ask else None, at, ts_recv)


def bar(start: int = FRIDAY, close: float = 100.0, high: float = 110.0, low: float = 90.0) -> DayBar:
    """A day's figures."""
    return DayBar(start, 95.0, high, low, close, 1000.0)


def snapshot(
    last: Trade | None = None,
    top: Quote | None = None,
    day: DayBar | None = None,
    prev: float | None = None,
    asked: int = 5,
) -> Snapshot:
    """The venue's REST answer. Corrections and cancels come at 9."""
    return Snapshot("AAPL", last, top, day, bar(THURSDAY, prev) if prev is not None else None, asked)


def image(*messages: Trade | Quote | Snapshot) -> Image:
    """An image that took these messages, in order."""
    made = Image("AAPL")
    for message in messages:
        take(made, message)
    return made


def take(made: Image, message: Trade | Quote | Snapshot) -> None:
    """Hand one message over."""
    if isinstance(message, Trade):
        made.on_trade(message)
    elif isinstance(message, Quote):
        made.on_quote(message)
    else:
        made.on_snapshot(message)


def tick(made: Image) -> Tick:
    """What would be published."""
    made_tick = made.tick("iex", 1, 2)
    assert made_tick is not None
    return made_tick


def numbered(number: int, price: float, effect: int = SETS_ALL) -> Trade:
    """A print with a name, later than those with smaller ones."""
    return Trade("AAPL", price, 1.0, NOON + number, 1, number, "V", effect)


def correction(number: int, price: float, effect: int = SETS_ALL) -> Correction:
    """What that print should have been; its new number is a hundred above."""
    return Correction("AAPL", number, "V", number + 100, price, 2.0, effect, 9)


def cancel(number: int, exchange: str = "V") -> Cancel:
    """The end of that print."""
    return Cancel("AAPL", number, exchange, 9)


LAST = Tick(
    "AAPL", 101.0, size=2.0, timestamp="2026-01-09T17:00:00.000000005Z", bid=100.0, ask=102.0, bid_size=1.0,
    quote_timestamp="2026-01-09T17:00:00.000000007Z", feed="iex", epoch=1, seq=1, ts_recv=3,
)  # fmt: skip
