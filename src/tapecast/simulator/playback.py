"""A recorded tape as the simulator's market: its own symbols, prices and times, at any speed, once.

It starts when one of its symbols is first subscribed and ends standing still at its last event. REST knows
what has been played so far: before the first trade of a symbol it knows nothing, and never a day before.
Trades and quotes are played; a line that is neither, or makes no sense, is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

from tapecast.market import Market, number
from tapecast.recording import Recorded, Recording, is_trade, scan
from tapecast.simulator import symbols
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.exchange import Exchange
from tapecast.simulator.ledger import Book, Event, Image, Ledger, Print
from tapecast.simulator.market import SimulatedMarket
from tapecast.simulator.symbols import Instrument

AT_ONCE: Final = 2000
"""Lines of one call at most, so that a tape that is behind holds the loop up for milliseconds only."""
_ROUND_LOT: Final = 100
_MOST: Final = 2**53
"""No price, size or id is larger: such a one could not be spelled on the wire, and the pump would end."""


class Playback(Exchange):
    """One recording, played once for all who listen."""

    def __init__(
        self,
        recording: Recording,
        speed: float = 1.0,
        *,
        is_open: bool = True,
        holidays: frozenset[date] = frozenset(),
    ) -> None:
        super().__init__(is_open=is_open, holidays=holidays)
        self._recording = recording
        self._speed = speed
        self._instruments = {symbol: symbols.recorded(symbol) for symbol in recording.symbols}
        # The moment of the first subscription: from then on time passes on the tape.
        self._started_ns: int | None = None
        self._lines = recording.read()
        self._waiting: Recorded | None = None

    def instrument(self, symbol: str) -> Instrument | None:
        """What a symbol stands for, or None if it is not on the tape."""
        return self._instruments.get(symbol)

    def listing(self, market: Market) -> list[Instrument]:
        """What is on the tape."""
        return [each for each in self._instruments.values() if each.market is market]

    def advance(self, symbols: Iterable[str], now_ns: int) -> list[Event]:
        """Every trade and quote of `symbols` that is due and was not played before, in the tape's order."""
        followed = self._instruments.keys() & set(symbols)
        if self._started_ns is None:
            if not followed:
                return []
            self._started_ns = now_ns
        reached_ns = self._recording.first_ns + int((now_ns - self._started_ns) * self._speed)
        # To the end: REST shows what nobody is subscribed to as well.
        events = [event for line in self._due(reached_ns) if (event := self._play(line)) is not None]
        return [event for event in events if event.instrument.symbol in followed]

    def reached_ns(self, now_ns: int) -> int:
        """Where the tape is: before a line that is late."""
        if self._started_ns is None:
            return 0
        reached_ns = self._recording.first_ns + int((now_ns - self._started_ns) * self._speed)
        return min(reached_ns, self._waiting.ns) if self._waiting is not None else reached_ns

    def image(self, symbol: str, now_ns: int) -> Image | None:
        """What has been played of a symbol, or None before its first trade."""
        del now_ns
        ledger = self.ledgers.get(symbol)
        return ledger.image() if ledger is not None else None

    def inject(self, event: Event) -> Event:
        """Make it happen, beside what is on the tape; the event with its number."""
        return self._ledger(event.instrument).write(event)

    def _due(self, reached_ns: int) -> Iterator[Recorded]:
        for _ in range(AT_ONCE):
            line = self._waiting or next(self._lines, None)
            if line is None or line.ns > reached_ns:
                self._waiting = line
                return
            self._waiting = None
            yield line

    def _play(self, line: Recorded) -> Event | None:
        message: Any = line.message
        symbol = message.get("S") if isinstance(message, dict) else None
        listed = self._instruments.get(symbol) if isinstance(symbol, str) else None
        if listed is None:
            return None
        event = _print(listed, message) if message.get("T") == "t" else _book(listed, message, line.ns)
        return self._ledger(listed).write(event) if event is not None else None

    def _ledger(self, listed: Instrument) -> Ledger:
        return self.ledgers.setdefault(listed.symbol, Ledger(listed))


def open_market(config: SimulatorConfig) -> Exchange:
    """The market that the configuration asks for. Raises SettingsError that names an unreadable tape."""
    hours: dict[str, Any] = {"is_open": config.market_open, "holidays": config.holidays}
    if config.tape is not None:
        return Playback(scan(config.tape), config.speed, **hours)
    return SimulatedMarket(config.seed, config.rate, still=config.still, **hours)


def _print(listed: Instrument, message: dict[str, Any]) -> Print | None:
    if not is_trade(message) or max(message["p"], message["s"]) > _MOST:
        return None
    told, name, venue = message.get("c"), message.get("i"), message.get("x")
    conditions = [told] if isinstance(told, str) else told if isinstance(told, list) else []
    return Print(
        listed,
        message["t"],
        name if type(name) is int and 0 < name <= _MOST else 0,
        message["p"],
        message["s"],
        bought=message.get("tks") != "S",
        conditions=tuple(each for each in conditions if isinstance(each, str)),
        venue=venue if isinstance(venue, str) else "",
    )


def _book(listed: Instrument, message: dict[str, Any], turn_ns: int) -> Book | None:
    sides = [number(message.get(name, 0)) for name in ("bp", "ap", "bs", "as")]
    bid, ask, bid_size, ask_size = sides
    if message.get("T") != "q" or None in sides or max(each or 0 for each in sides) > _MOST:
        return None
    # A time that makes no sense was given no turn by the reader.
    if type(message.get("t")) is not int or not 0 < message["t"] <= turn_ns:
        return None
    # The venue gives a stock quote's sizes in round lots.
    lot = _ROUND_LOT if listed.market is Market.US_EQUITY else 1
    return Book(listed, message["t"], bid or 0.0, ask or 0.0, (bid_size or 0) * lot, (ask_size or 0) * lot)
