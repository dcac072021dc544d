"""Which symbols one market's feed should subscribe, under the plan's cap.

Pure; time is a parameter, in monotonic seconds. Order under the cap: the account's positions, the symbols
that are always on, those already in (so that nobody is thrown out by a newcomer), then by arrival. A symbol
without listeners stays for a grace, so that a page reload does not churn, but gives way at once to one that
somebody listens to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

GRACE_S: Final = 30.0
HOLD_AFTER_REDIS_S: Final = 15.0
"""As long as an interest record lives: after Redis comes back empty, every replica has had time to write."""

SYMBOL_LIMIT: Final = "symbol_limit"


class Plan(NamedTuple):
    """What to ask of the feed, most important first, and who cannot be served, with the reason."""

    symbols: tuple[str, ...]
    refused: dict[str, str]


class DesiredSet:
    """Follows interest over time and says at any moment what to subscribe."""

    def __init__(self, limit: int, always: Iterable[str] = (), grace_s: float = GRACE_S) -> None:
        self._limit = limit
        self._always = frozenset(always)
        self._grace_s = grace_s
        # Every symbol in play -> when it arrived, in order of arrival.
        self._arrived: dict[str, float] = dict.fromkeys(always, 0.0)
        # Symbols without listeners -> when the last one left.
        self._left: dict[str, float] = {}
        self._first: frozenset[str] = frozenset()
        self._in: frozenset[str] = frozenset()
        self._hold_until = 0.0

    def hold(self, until: float) -> None:
        """Remove nothing before `until`: the interest that is missing now may only be late."""
        self._hold_until = until

    def update(self, wanted: Mapping[str, int], now: float, first: Iterable[str] = ()) -> None:
        """Set who is listened to now (symbol -> listeners), and the symbols of open positions."""
        self._first = frozenset(first)
        listened = {symbol for symbol, count in wanted.items() if count > 0} | self._first | self._always
        for symbol in sorted(listened):
            self._arrived.setdefault(symbol, now)
            self._left.pop(symbol, None)
        if now < self._hold_until:
            return
        for symbol in self._arrived.keys() - listened:
            self._left.setdefault(symbol, now)

    def plan(self, now: float) -> Plan:
        """What to subscribe as of `now`."""
        self._expire(now)
        ranked = sorted(self._arrived, key=self._rank)
        taken = tuple(ranked[: self._limit])
        self._in = frozenset(taken)
        refused = {symbol: SYMBOL_LIMIT for symbol in ranked[self._limit :] if symbol not in self._left}
        return Plan(taken, refused)

    def _expire(self, now: float) -> None:
        held = now < self._hold_until
        gone = [symbol for symbol, left in self._left.items() if now - left >= self._grace_s and not held]
        # One that lost its place has nothing to keep.
        gone += [symbol for symbol in self._left if symbol not in self._in and symbol not in gone]
        for symbol in gone:
            del self._arrived[symbol]
            del self._left[symbol]

    def _rank(self, symbol: str) -> tuple[int, bool, float]:
        if symbol in self._left:
            # The first to have left is the first to give way: its grace ends soonest.
            return (3, False, -self._left[symbol])
        tier = 0 if symbol in self._first else 1 if symbol in self._always else 2
        return (tier, symbol not in self._in, self._arrived[symbol])
