"""One symbol's minutes, as the venue tells them: `b` after each, `u` half a minute later if it has changed.

A minute is made of its prints, by their time and conditions, whenever it is told: a late print, a correction
and a cancel count as if they had come in time. A minute without a print that sets a price has no bar.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tapecast.market import Market
from tapecast.simulator.bars import Bar
from tapecast.simulator.hours import MINUTE
from tapecast.simulator.symbols import Instrument

if TYPE_CHECKING:
    from tapecast.simulator.ledger import Print

HALF: Final = MINUTE // 2
MENDABLE: Final = 30
"""Minutes whose prints are remembered."""
KEPT: Final = 6000
"""Minutes with a bar: over four days of a market that never closes."""
_NO_PRICE: Final = frozenset("CHINUVW7")
_NOT_LAST: Final = frozenset("GPRZ34")
_NOTHING: Final = frozenset("MQ")


class Minute(NamedTuple):
    """A minute's bar as it is told. `kind`: `b`, or `u` when it is told again."""

    instrument: Instrument
    kind: str
    bar: Bar

    @property
    def ns(self) -> int:
        """Its first instant."""
        return self.bar.start_ns


class Minutes:
    """Those of one symbol."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        # Of the newest minutes, in the order in which they came.
        self._prints: dict[int, list[Print]] = {}
        # All that are not made again, or were told, as they were then.
        self._bars: dict[int, Bar] = {}

    def begin(self, bars: Iterable[Bar]) -> None:
        """What was before all prints."""
        self._bars = {bar.start_ns: bar for bar in bars} | self._bars

    def add(self, event: Print) -> None:
        """Take in one print; one that is too late for that changes nothing."""
        start = event.ns - event.ns % MINUTE
        prints = self._prints.get(start)
        if prints is None:
            if self._prints and start < max(self._prints) - MENDABLE * MINUTE:
                return
            prints = self._prints[start] = []
            self._settle()
        prints.append(event)

    def amend(self, was: Print, now: Print | None) -> None:
        """A print is another, or none."""
        prints = self._prints.get(was.ns - was.ns % MINUTE, [])
        if was in prints:
            prints[prints.index(was) : prints.index(was) + 1] = [now] if now is not None else []

    def due(self, now_ns: int) -> list[Minute]:
        """What is to be told by now and was not."""
        due: list[Minute] = []
        for start in sorted(self._prints):
            told, bar = self._bars.get(start), self._made(start)
            if bar is None or start + MINUTE > now_ns or bar == told:
                continue
            if told is None or start + MINUTE + HALF <= now_ns:
                self._bars[start] = bar
                due.append(Minute(self._instrument, "u" if told else "b", bar))
        return due

    def bars(self, from_ns: int, to_ns: int, length_ns: int) -> list[Bar]:
        """What REST says: bars of this length, of the minutes that are over by then, oldest first."""
        made = {start: self._made(start) for start in self._prints}
        found: dict[int, Bar] = {}
        for start in sorted(self._bars.keys() | made.keys()):
            bar = made.get(start) or self._bars.get(start)
            if bar is None or not from_ns <= start <= to_ns - MINUTE:
                continue
            longer = start - start % length_ns
            if longer in found:
                _widen(found[longer], bar)
            else:
                found[longer] = _copy(bar, longer)
        return list(found.values())

    def _settle(self) -> None:
        floor = max(self._prints) - MENDABLE * MINUTE
        for start in [start for start in self._prints if start < floor]:
            bar = self._made(start)
            del self._prints[start]
            if bar is not None:
                self._bars[start] = bar
        for start in sorted(self._bars)[: max(0, len(self._bars) - KEPT)]:
            del self._bars[start]

    def _made(self, start_ns: int) -> Bar | None:
        return made(start_ns, self._prints.get(start_ns, []))


def made(start_ns: int, prints: Iterable[Print]) -> Bar | None:
    """The bar of these prints of one minute."""
    prints = sorted(prints, key=lambda each: each.ns)
    priced = [each for each in prints if _counts(each, _NO_PRICE | _NOT_LAST | _NOTHING)]
    if not priced:
        return None
    ranged = [each.price for each in prints if _counts(each, _NO_PRICE | _NOTHING)]
    bar = Bar(start_ns, priced[0].price, max(ranged), min(ranged), priced[-1].price)
    bar.closed_ns = priced[-1].ns
    for each in prints:
        if _counts(each, _NOTHING):
            bar.volume += each.size
            bar.count += 1
            bar.turnover += each.price * each.size
    bar.volume = round(bar.volume, 9)
    return bar


def _counts(event: Print, barring: frozenset[str]) -> bool:
    # Only stocks have these codes; an option's have another meaning.
    return event.instrument.market is not Market.US_EQUITY or not barring.intersection(event.conditions)


def _copy(bar: Bar, start_ns: int) -> Bar:
    return Bar(
        start_ns, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.count, bar.turnover, bar.closed_ns
    )


def _widen(bar: Bar, later: Bar) -> None:
    bar.high, bar.low = max(bar.high, later.high), min(bar.low, later.low)
    bar.close, bar.closed_ns = later.close, later.closed_ns
    bar.volume = round(bar.volume + later.volume, 9)
    bar.count += later.count
    bar.turnover += later.turnover


def message(minute: Minute, stamp: Any) -> dict[str, Any]:
    """The bar as the stream sends it."""
    bar = minute.bar
    return {
        "T": minute.kind, "S": minute.instrument.symbol,
        "o": bar.open, "h": bar.high, "l": bar.low, "c": bar.close, "v": bar.volume, "n": bar.count,
        "vw": round(bar.average, 10), "t": stamp(bar.start_ns),
    }  # fmt: skip
