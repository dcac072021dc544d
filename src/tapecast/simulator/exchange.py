"""What trades here, as the pump, REST and the portfolio see it, whether walks make its prices or a recording.

No I/O but that of a recording, and no clock: time is passed in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import date

from tapecast.market import Market
from tapecast.simulator import hours
from tapecast.simulator.bars import Bar
from tapecast.simulator.ledger import Event, Image, Ledger, Print
from tapecast.simulator.minutes import HALF, Minute
from tapecast.simulator.symbols import Instrument


class Exchange(ABC):
    """Every listed symbol, and the sessions in which stocks and options trade."""

    def __init__(self, *, is_open: bool = True, holidays: frozenset[date] = frozenset()) -> None:
        # Of stocks and options: at any hour of any day but a holiday, or never. Crypto is always open.
        self.is_open = is_open
        self.holidays = holidays
        # Of the symbols that somebody has asked for, or that have printed.
        self.ledgers: dict[str, Ledger] = {}
        # The half minute in which minutes were told last.
        self._half = 0

    @abstractmethod
    def instrument(self, symbol: str) -> Instrument | None:
        """What a symbol stands for, or None if it is not listed."""

    @abstractmethod
    def listing(self, market: Market) -> list[Instrument]:
        """What `*` stands for, and what the list of assets has."""

    @abstractmethod
    def advance(self, symbols: Iterable[str], now_ns: int) -> list[Event]:
        """Every trade and quote of `symbols` since they were last advanced, oldest first."""

    @abstractmethod
    def image(self, symbol: str, now_ns: int) -> Image | None:
        """What REST says of a symbol, or None if it has nothing to say."""

    @abstractmethod
    def inject(self, event: Event) -> Event:
        """Make it happen, beside what happens by itself; the event with its number.

        It is not among what `advance` returns: whoever injects it also hands it out.
        """

    def reached_ns(self, now_ns: int) -> int:
        """The market's own time: all before it has happened."""
        return now_ns

    def minutes(self, now_ns: int) -> list[Minute]:
        """The minutes that are to be told by now: twice a minute there are some."""
        at = self.reached_ns(now_ns)
        if at // HALF == self._half:
            return []
        self._half = at // HALF
        return [minute for ledger in self.ledgers.values() for minute in ledger.minutes.due(at)]

    def bars(self, symbol: str, from_ns: int, length_ns: int, now_ns: int) -> list[Bar]:
        """What REST says of a symbol's bars of this length."""
        ledger = self.ledgers.get(symbol)
        return ledger.minutes.bars(from_ns, self.reached_ns(now_ns), length_ns) if ledger is not None else []

    def in_session(self, now_ns: int) -> bool:
        """Whether stocks and options trade at this moment."""
        return self.is_open and not hours.is_holiday(now_ns, self.holidays)

    def correct(self, symbol: str, number: int, price: float) -> tuple[Print, Print] | None:
        """Give an earlier print another price: what it was, and what it is; None if it is not known."""
        ledger = self.ledgers.get(symbol)
        return ledger.correct(number, price) if ledger is not None else None

    def cancel(self, symbol: str, number: int) -> Print | None:
        """Strike out an earlier print: what it was; None if it is not known."""
        ledger = self.ledgers.get(symbol)
        return ledger.cancel(number) if ledger is not None else None
