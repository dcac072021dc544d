"""What to ask the venue next, so that what it serves comes to be what is wanted. Pure: no socket, no clock.

    want(symbols) ──┐
                    ├──> ask() ──> one request at a time ──> answered() by the venue's `subscription`
    reset() ────────┘                                   └──> failed() by its error 400, 405, ...

Rules of this file:
- Only the venue's own `subscription` reply says what is subscribed. An error leaves its set as it was.
- Unsubscribe before subscribe, so that room appears; trades before quotes, since a price is always a trade's.
- A refused batch is halved until the one symbol is found that is refused for itself; accepted batches grow.
- A 405 of one symbol means that the plan is full. Whether plans count symbols or (channel, symbol) pairs is
  written nowhere, so it is learnt: quotes are given up first, and come back if that did not make room.
- Bars come last and go first: at any refusal all of them are given up for the session, as REST has them too.
- A symbol to be renewed is unsubscribed from everything first, and then is as any that is missing.
- On a new session everything learnt is forgotten, and what was served before is asked for first: one message
  with all symbols would be refused whole, and an SDK that sends it stays connected and mute.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tapecast.errors import FeedTransient

MAX_BATCH: Final = 500
"""Users report partial data after some 1,400 symbols in one message."""

LIMIT: Final = "symbol_limit"
INVALID: Final = "symbol_invalid"
NOT_CONFIRMED: Final = "not_confirmed"
NOT_SUPPORTED: Final = "not_supported"

_TRADES: Final = "trades"
_QUOTES: Final = "quotes"
_BARS: Final = ("bars", "updatedBars")


@dataclass(frozen=True)
class Request:
    """One message to the venue."""

    action: Literal["subscribe", "unsubscribe"]
    channel: str
    symbols: tuple[str, ...]

    def message(self) -> dict[str, object]:
        """As the venue wants it."""
        return {"action": self.action, self.channel: list(self.symbols)}


class Subscriptions:
    """Desired, acknowledged and refused symbols of one endpoint."""

    def __init__(self, limit: int, channels: Sequence[str]) -> None:
        self._limit = limit
        self._channels = (*(channel for channel in (_TRADES, _QUOTES) if channel in channels), *_BARS)
        # An ordered set: most important first. The reader also asks it whether a symbol is wanted.
        self.desired: dict[str, None] = {}
        # Those of them of which minute bars are wanted.
        self._barred: frozenset[str] = frozenset()
        self._acknowledged: dict[str, frozenset[str]] = dict.fromkeys(self._channels, frozenset())
        self.reset()

    def reset(self) -> None:
        """A new session: the venue knows nothing of us."""
        self._served_before = self.confirmed & self.desired.keys()
        self._batch = min(MAX_BATCH, len(self._served_before) or MAX_BATCH)
        self._acknowledged = dict.fromkeys(self._channels, frozenset())
        self.in_flight: Request | None = None
        # Refused for themselves, with the reason; and those whose quotes alone were refused.
        self._refused: dict[str, str] = {}
        self._without_quotes: set[str] = set()
        self._without_bars = False
        # What the venue kept although we asked it not to: not asked again.
        self._kept: dict[str, set[str]] = {channel: set() for channel in self._channels}
        # To be unsubscribed and then asked for again.
        self._renewing: set[str] = set()
        # Learnt from 405: how many symbols, how many (channel, symbol) pairs there is room for.
        self._symbol_cap: int | None = None
        self._pair_cap: int | None = None
        # While quotes are given up to learn which of the two counts: how many pairs there were.
        self._probing: int | None = None

    @property
    def confirmed(self) -> frozenset[str]:
        """The symbols whose trades the venue says it sends."""
        return self._acknowledged[_TRADES]

    @property
    def refused(self) -> dict[str, str]:
        """Every wanted symbol that is not to be had at present, with the reason."""
        target = set(self._trades_target())
        over = {symbol: LIMIT for symbol in self.desired if symbol not in target}
        return over | self._refused

    def want(self, symbols: Iterable[str]) -> None:
        """Set the whole desired set, most important first."""
        self.desired = dict.fromkeys(symbols)
        # A symbol that left and comes back is asked for anew.
        self._refused = {s: reason for s, reason in self._refused.items() if s in self.desired}
        self._without_quotes &= self.desired.keys()

    def want_bars(self, symbols: Iterable[str]) -> bool:
        """Set of which of the desired symbols minute bars are wanted; whether that is a change."""
        before, self._barred = self._barred, frozenset(symbols)
        return before != self._barred

    def renew(self, symbols: Iterable[str]) -> None:
        """Subscribe these anew: the venue says that it sends them, and does not."""
        self._renewing.update(symbols)

    def ask(self) -> Request | None:
        """The next request, now in flight; None while one is, or when nothing is left to ask."""
        if self.in_flight is None:
            self._renewing &= self._droppable()
            self.in_flight = self._unsubscribe() or self._subscribe()
            return self.in_flight
        return None

    def answered(self, reply: Mapping[object, object]) -> None:
        """The venue's `subscription` message: its whole set."""
        request, self.in_flight = self.in_flight, None
        self._acknowledged = {channel: _symbols(reply.get(channel)) for channel in self._channels}
        if request is None:
            return
        here = self._acknowledged[request.channel]
        if request.action == "unsubscribe":
            self._kept[request.channel].update(here.intersection(request.symbols))
            return
        # Accepted and yet not there: asking for it again and again would never end.
        self._refuse(request.channel, set(request.symbols) - here, NOT_CONFIRMED)
        self._batch = min(MAX_BATCH, self._batch * 2)
        if self._probing is not None and request.channel == _TRADES:
            self._pair_cap, self._probing = self._probing, None

    def failed(self, code: int) -> bool:
        """The venue's error for what is in flight. False if nothing was, so that it answers nothing.

        Raises FeedTransient when there is room for no symbol at all: another session must have it.
        """
        request, self.in_flight = self.in_flight, None
        if request is None:
            return False
        if request.action == "unsubscribe":
            self._kept[request.channel].update(request.symbols)
        elif request.channel in _BARS:
            self._without_bars = True
        elif code not in (400, 405):
            self._refuse(request.channel, request.symbols, NOT_SUPPORTED)
        elif len(request.symbols) > 1:
            self._batch = len(request.symbols) // 2
        elif code == 405:
            self._full(request.channel)
        else:
            self._refuse(request.channel, request.symbols, INVALID)
        return True

    def _full(self, channel: str) -> None:
        trades, quotes = len(self.confirmed), len(self._acknowledged.get(_QUOTES, ()))
        if any(self._acknowledged[bars] - self._kept[bars] for bars in _BARS):
            self._without_bars = True
            return
        if channel == _QUOTES:
            self._pair_cap = trades + quotes
        elif quotes and self._probing is None:
            self._probing = trades + quotes
        elif trades:
            self._symbol_cap, self._probing = trades, None
        else:
            raise FeedTransient(LIMIT, "the venue has room for no symbol at all (405)", 405, retry_after=15)

    def _refuse(self, channel: str, symbols: Iterable[str], reason: str) -> None:
        if channel == _TRADES:
            self._refused.update(dict.fromkeys(symbols, reason))
        elif channel in _BARS:
            self._without_bars |= bool(set(symbols))
        else:
            self._without_quotes.update(symbols)

    def _trades_target(self) -> list[str]:
        caps = (self._limit, self._symbol_cap, self._pair_cap)
        room = min(cap for cap in caps if cap is not None)
        return [symbol for symbol in self.desired if symbol not in self._refused][:room]

    def _quotes_target(self, trades: list[str]) -> list[str]:
        if self._probing is not None:
            return []
        room = None if self._pair_cap is None else self._pair_cap - len(trades)
        ready = [s for s in trades if s in self.confirmed and s not in self._without_quotes]
        return ready[:room]

    def _bars_target(self, trades: list[str]) -> list[str]:
        if self._without_bars or self._probing is not None:
            return []
        return [symbol for symbol in trades if symbol in self._barred and symbol in self.confirmed]

    def _droppable(self) -> set[str]:
        # What the venue keeps although it was asked not to cannot be renewed.
        return {s for channel, have in self._acknowledged.items() for s in have - self._kept[channel]}

    def _targets(self) -> dict[str, list[str]]:
        trades = [symbol for symbol in self._trades_target() if symbol not in self._renewing]
        targets = {_TRADES: trades, _QUOTES: self._quotes_target(trades)}
        targets |= dict.fromkeys(_BARS, self._bars_target(trades))
        return {channel: targets[channel] for channel in self._channels}

    def _unsubscribe(self) -> Request | None:
        for channel, target in reversed(self._targets().items()):
            surplus = self._acknowledged[channel] - set(target) - self._kept[channel]
            if surplus:
                return Request("unsubscribe", channel, tuple(sorted(surplus)[:MAX_BATCH]))
        return None

    def _subscribe(self) -> Request | None:
        for channel, target in self._targets().items():
            missing = [symbol for symbol in target if symbol not in self._acknowledged[channel]]
            missing.sort(key=lambda symbol: symbol not in self._served_before)
            if missing:
                return Request("subscribe", channel, tuple(missing[: self._batch]))
        return None


def _symbols(value: object) -> frozenset[str]:
    if not isinstance(value, list | tuple):
        return frozenset()
    return frozenset(symbol for symbol in value if isinstance(symbol, str))
