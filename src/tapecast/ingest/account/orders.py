"""When the recent orders are read, and what a list of them becomes by the events around it. Pure.

Events tell of most changes. Not of those that were missed, nor of how a trailing stop moves, nor which legs
belong to which order: for these the list is read again.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from typing import Final

from tapecast.bus.account import FINAL, with_list, with_order
from tapecast.bus.codec import Fields
from tapecast.ingest.account.timing import Timing

EVENTS_KEPT: Final = 500
GROUPED: Final = ("bracket", "oco", "oto")
"""No sets: what the venue says in these places may be of any type."""


class Orders:
    """Of one ownership. Time is a parameter, in monotonic seconds."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        # How often it was asked for a list, and which of these questions the newest one has answered.
        self._asked = 1
        self._answered = 0
        # The newest question that cannot wait.
        self._missed = 1
        self._last = -math.inf
        # With their times. A list may be from before them, and for a moment even one that is asked for later.
        self._events: deque[tuple[float, Fields]] = deque(maxlen=EVENTS_KEPT)

    def miss(self) -> None:
        """Events may have been missed: read with the next read."""
        self.ask()
        self._missed = self._asked

    def ask(self) -> None:
        """Read soon; a venue that makes us ask all the time must not cost the budget."""
        self._asked += 1

    def on_order(self, event: Fields, now: float, known: list[Fields]) -> None:
        """Take an event in that `known` already has."""
        self._events.append((now, event))
        if _is_alone(event, known):
            self.ask()

    def when(self) -> float:
        """The time of the next read that something asks for."""
        if self._missed > self._answered:
            return -math.inf
        return self._last + self._timing.later_apart_s if self._asked > self._answered else math.inf

    def question(self, now: float, known: list[Fields], *, is_blind: bool = False) -> int | None:
        """The number of the question to ask now, if it is time for one. `is_blind`: no events come."""
        is_poll = now >= self._last + self._timing.poll_s
        return self._asked if now >= self.when() or (is_poll and (is_blind or _trails(known))) else None

    def forget(self) -> None:
        """They are another account's from now on."""
        self._events.clear()
        self.miss()

    def answer(
        self, question: int, asked_at: float, orders: list[Fields], known: list[Fields]
    ) -> list[Fields]:
        """The list that was read, with all that is known to be newer."""
        # Whatever has asked since then is not answered by it.
        self._answered, self._last = question, asked_at
        orders = with_list(known, orders)
        listed = {str(each.get("id")) for order in orders for each in _with_legs(order)}
        for at, event in self._events:
            order = event.get("order")
            is_listed = isinstance(order, dict) and str(order.get("id")) in listed
            if at >= asked_at or (at >= asked_at - self._timing.lag_s and not is_listed):
                orders = with_order(orders, event)
        return orders


def _is_alone(event: Fields, known: list[Fields]) -> bool:
    # Of a group, and on its own in the list: its legs, or whose leg it is, are not known yet.
    order = event.get("order")
    if not isinstance(order, dict) or order.get("order_class") not in GROUPED:
        return False
    return any(each.get("id") == order.get("id") and not each.get("legs") for each in known)


def _trails(known: list[Fields]) -> bool:
    return any(
        each.get("type") == "trailing_stop" and each.get("status") not in FINAL
        for order in known
        for each in _with_legs(order)
    )


def _with_legs(order: Fields) -> Iterator[Fields]:
    yield order
    legs = order.get("legs")
    for leg in legs if isinstance(legs, list) else ():
        if isinstance(leg, dict):
            yield leg
