"""What must hold at every moment, whatever the venue does: for drills, which last for minutes."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable

from httpx_sse import ServerSentEvent

from tapecast.market import parse_rfc3339


class Checker:
    """Looks at every event of one stream. The simulated market prints each symbol at least once a second."""

    def __init__(self, bound_s: float, now: Callable[[], float] = time.monotonic) -> None:
        # How long a symbol may be called live after its last tick.
        self._bound_s = bound_s
        self._now = now
        self._order: dict[str, tuple[int, int]] = {}
        self._traded: dict[str, int] = {}
        self._ticked: dict[str, float] = {}
        self.state: dict[str, str] = {}
        self.ticks: Counter[str] = Counter()
        self.events = 0
        self.stale = 0
        self.violations: list[str] = []
        # The longest that a live symbol went without a tick.
        self.longest_s = 0.0

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
            # Live by its state's own word: the tick that goes with it follows.
            self._ticked.setdefault(said["symbol"], self._now())
            if said["state"] == "live":
                self._ticked[said["symbol"]] = self._now()

    def look(self) -> None:
        """Time has passed: nothing may be live that has not moved within the bound."""
        now = self._now()
        for symbol, state in self.state.items():
            if state == "live":
                age_s = now - self._ticked[symbol]
                self.longest_s = max(self.longest_s, age_s)
                if age_s > self._bound_s:
                    self.violations.append(f"{symbol} is live {age_s:.1f} s after its last tick")
                    self._ticked[symbol] = now

    def _tick(self, data: str) -> None:
        tick = json.loads(data)
        symbol, order = tick["symbol"], (tick["epoch"], tick["seq"])
        if order <= self._order.get(symbol, (0, 0)):
            self.violations.append(f"{symbol}: {order} after {self._order[symbol]}")
        traded_ns = parse_rfc3339(tick["timestamp"])
        if traded_ns < self._traded.get(symbol, 0) and not tick.get("corrected"):
            self.violations.append(f"{symbol}: a trade of {tick['timestamp']} after a later one")
        self._order[symbol], self._traded[symbol] = order, traded_ns
        self._ticked[symbol] = self._now()
        self.ticks[symbol] += 1
