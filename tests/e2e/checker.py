"""What must hold at every moment, whatever the venue does: for drills, which last for minutes."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from httpx_sse import ServerSentEvent

from tapecast.market import parse_rfc3339
from tests.stalls import stalls

GRACE_S: Final = 1.0
"""A page hears that a symbol is live, and with the next event what it costs: behind a burst, or after a thaw,
that takes a moment."""


class Checker:
    """Looks at every event of one stream. The simulated market prints each symbol at least once a second.

    A symbol that is called live is judged by the venue's time of the trade that is shown, never by when the
    last event came: a price that is sent again and again is no younger for it.
    """

    def __init__(
        self,
        bound_s: float,
        wall: Callable[[], float] = time.time,
        lost_s: Callable[[float], float] = stalls.lost_s,
    ) -> None:
        # How old the trade of a live symbol may be.
        self._bound_s = bound_s
        # As the simulator, which runs on this machine.
        self._wall = wall
        # For how long the machine stood still since a moment: nobody could call anything stale then.
        self._lost_s = lost_s
        self._order: dict[str, tuple[int, int]] = {}
        # What a new connection may tell once more.
        self._known: dict[str, tuple[int, int]] = {}
        self._traded_ns: dict[str, int] = {}
        # Since when a symbol is live with a trade that is too old.
        self._late_since: dict[str, float] = {}
        self.state: dict[str, str] = {}
        self.ticks: Counter[str] = Counter()
        self.events = 0
        self.stale = 0
        self.corrected = 0
        self.violations: list[str] = []
        # The oldest trade that a live symbol showed for longer than a moment.
        self.oldest_s = 0.0

    def hear(self, event: ServerSentEvent) -> None:
        """One event, as it comes."""
        self.events += 1
        self.look()
        if event.event == "message":
            self._tick(event.data)
        elif event.event == "symbol":
            said = json.loads(event.data)
            self.state[said["symbol"]] = said["state"]
            self.stale += said["state"] == "stale"

    def begin(self) -> None:
        """A new connection: it begins with what is known, which may be what was heard last."""
        self.state.clear()
        self._late_since.clear()
        self._known = dict(self._order)

    def look(self) -> None:
        """Time has passed: nothing may be live whose trade has grown too old."""
        now = self._wall()
        for symbol, state in self.state.items():
            age_s = self._age_s(symbol, now)
            if state != "live" or age_s <= self._bound_s:
                self._late_since.pop(symbol, None)
            elif now - self._late_since.setdefault(symbol, now) > GRACE_S:
                self.violations.append(f"{symbol} is live with a trade of {age_s:.1f} s ago")
                self._late_since[symbol] = math.inf
                self.oldest_s = max(self.oldest_s, age_s)
            if state == "live" and age_s <= self._bound_s:
                self.oldest_s = max(self.oldest_s, age_s)

    def _age_s(self, symbol: str, now: float) -> float:
        traded_ns = self._traded_ns.get(symbol)
        if traded_ns is None:
            return math.inf
        age_s = now - traded_ns / 1e9
        return age_s - self._lost_s(time.monotonic() - age_s)

    def _tick(self, data: str) -> None:
        tick = json.loads(data)
        symbol, order = tick["symbol"], (tick["epoch"], tick["seq"])
        if order <= self._order.get(symbol, (0, 0)) and order != self._known.pop(symbol, None):
            self.violations.append(f"{symbol}: {order} after {self._order[symbol]}")
        traded_ns, corrected = parse_rfc3339(tick["timestamp"]), bool(tick.get("corrected"))
        if traded_ns < self._traded_ns.get(symbol, 0) and not corrected:
            self.violations.append(f"{symbol}: a trade of {tick['timestamp']} after a later one")
        self._order[symbol], self._traded_ns[symbol] = order, traded_ns
        self.corrected += corrected
        self.ticks[symbol] += 1
