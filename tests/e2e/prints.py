"""Every message of the venue that is more than a plain print, and what a page gets of it.

For the tests, and for `docs/faults.md`. The market stands still, so that nothing moves but what a case sends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tapecast.market import parse_rfc3339
from tapecast.simulator.server import Simulator

BASE = 100.0
"""What AAPL trades at when a case begins."""
SECOND = 1_000_000_000


class Tape:
    """AAPL's prints, written by hand. Numbers and times are remembered, for what comes after them."""

    def __init__(self, venue: Simulator) -> None:
        self._venue = venue
        self.numbers: list[int] = []

    def trade(self, price: float, *conditions: str, ns: int | None = None) -> None:
        """One print, of now or of another time."""
        self.numbers.append(self._venue.trade("AAPL", price, 100, conditions or ("@",), ns))

    def quote(self, bid: float, ask: float, ns: int | None = None) -> None:
        """One top of book."""
        self._venue.quote("AAPL", bid, ask, ns)

    def correct(self, which: int, price: float) -> None:
        """Say that the print of this index had another price."""
        self._venue.correct("AAPL", self.numbers[which], price)
        # What is right has a number of its own, the next.
        self.numbers[which] = max(self.numbers) + 1

    def cancel(self, which: int) -> None:
        """Say that the print of this index never was."""
        self._venue.cancel("AAPL", self.numbers[which])


Step = Callable[[Tape, int], object]
"""Something the venue sends, given the time of AAPL's last trade."""


@dataclass(frozen=True)
class PrintCase:
    """What the venue sends of AAPL after a trade at BASE, and the ticks that a page gets for it."""

    title: str
    sends: tuple[Step, ...]
    # Of each tick the fields that the case is about; None: the field is left out. Nothing: no tick at all.
    sees: tuple[dict[str, Any], ...] = ()
    # By how much the day's volume has grown when the next plain trade of 100 has come.
    volume: float = 100.0

    @property
    def key(self) -> str:
        """A name for the test."""
        return "".join(c if c.isalnum() else "-" for c in self.title.lower())


def _no_price(codes: str, name: str, volume: float = 200.0) -> list[PrintCase]:
    def print_of(code: str) -> PrintCase:
        return PrintCase(
            f"prints a trade with condition `{code}` ({name})",
            (lambda tape, _: tape.trade(55.0, code),),
            volume=volume,
        )

    return [print_of(code) for code in codes]


def _conditions() -> list[PrintCase]:
    return [
        *_no_price("I", "odd lot"),
        *_no_price("W", "average price"),
        *_no_price("U", "extended hours, out of sequence"),
        *_no_price("Z", "out of sequence"),
        *_no_price("4", "derived price"),
        *_no_price("M", "official close", volume=100.0),
        PrintCase(
            "prints a trade with condition `T` (extended hours)",
            (lambda tape, _: tape.trade(101.0, "@", "T"),),
            ({"price": 101.0, "corrected": None},),
            volume=200.0,
        ),
    ]


def _times() -> list[PrintCase]:
    return [
        PrintCase(
            "prints a trade late, with an older time",
            (lambda tape, last: tape.trade(55.0, ns=last - 1000),),
            volume=200.0,
        ),
        PrintCase(
            "sends a quote late, with an older time",
            (
                lambda tape, last: tape.quote(99.0, 101.0, last + 2),
                lambda tape, last: tape.quote(55.0, 56.0, last + 1),
            ),
            ({"bid": 99.0, "ask": 101.0},),
        ),
    ]


def _amends() -> list[PrintCase]:
    return [
        PrintCase(
            "corrects the last trade",
            (lambda tape, _: tape.correct(-1, 99.5),),
            ({"price": 99.5, "corrected": True},),
        ),
        PrintCase(
            "corrects an earlier trade",
            (lambda tape, _: tape.trade(101.0), lambda tape, _: tape.correct(-2, 55.0)),
            ({"price": 101.0, "corrected": None},),
            volume=200.0,
        ),
        PrintCase(
            "cancels the last trade",
            (lambda tape, _: tape.trade(101.0), lambda tape, _: tape.cancel(-1)),
            ({"price": 101.0, "corrected": None}, {"price": BASE, "corrected": True}),
            volume=200.0,
        ),
        PrintCase(
            "cancels an earlier trade",
            (lambda tape, _: tape.trade(101.0), lambda tape, _: tape.cancel(-2)),
            ({"price": 101.0, "corrected": None},),
            volume=200.0,
        ),
        PrintCase(
            "corrects a trade, then cancels what it corrected",
            (
                lambda tape, _: tape.trade(101.0),
                lambda tape, _: tape.correct(-1, 99.5),
                lambda tape, _: tape.cancel(-1),
            ),
            ({"price": 101.0}, {"price": 99.5, "corrected": True}, {"price": BASE, "corrected": True}),
            volume=200.0,
        ),
    ]


def _books() -> list[PrintCase]:
    return [
        PrintCase(
            "crosses its quote, and uncrosses it",
            (lambda tape, _: tape.quote(101.0, 100.0), lambda tape, _: tape.quote(99.0, 101.0)),
            ({"bid": 101.0, "ask": 100.0, "crossed": True}, {"bid": 99.0, "ask": 101.0, "crossed": None}),
        ),
        PrintCase(
            "locks its quote",
            (lambda tape, _: tape.quote(100.0, 100.0),),
            ({"bid": 100.0, "ask": 100.0, "crossed": True},),
        ),
        PrintCase(
            "quotes a bid of zero",
            (lambda tape, _: tape.quote(0.0, 101.0),),
            ({"bid": None, "bid_size": None, "ask": 101.0, "crossed": None},),
        ),
    ]


PRINTS = [*_conditions(), *_times(), *_amends(), *_books()]


def traded_ns(tick: dict[str, Any]) -> int:
    """The venue time of a tick's trade."""
    return parse_rfc3339(tick["timestamp"])
