"""The `portfolio` event: when there is news, and not more often than a person can look."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Final

from tapecast.api import frames
from tapecast.api.account.holding import Holding, age
from tapecast.api.account.portfolio import portfolio
from tapecast.api.account.upkeep import AccountFeed
from tapecast.bus.codec import AccountImage, Fields
from tapecast.clock import Clock

EVERY_S: Final = 0.1


class Totals:
    """The totals as readers were told them last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: Fields = {}
        # They are not told again before, and only if something they are made of has moved.
        self._due = -math.inf
        self._is_moved = False

    def move(self) -> None:
        """Something they are made of is new."""
        self._is_moved = True

    @property
    def is_due(self) -> bool:
        """Whether it is time to look for news."""
        return self._is_moved and self._clock.now() >= self._due

    def news(self, image: AccountImage, status: AccountFeed, holdings: Collection[Holding]) -> bytes | None:
        """The event, if it says what was not told yet. Ages alone are no news."""
        self._is_moved = False
        totals = _totals(image, status, holdings)
        if totals == self._told:
            return None
        self._told, self._due = totals, self._clock.now() + EVERY_S
        return self._frame(totals, holdings)

    def frame(self, image: AccountImage, status: AccountFeed, holdings: Collection[Holding]) -> bytes:
        """The event, for somebody new."""
        return self._frame(_totals(image, status, holdings), holdings)

    def _frame(self, totals: Fields, holdings: Collection[Holding]) -> bytes:
        oldest_us = min((each.priced_us for each in holdings if each.priced_us), default=0)
        return frames.event("portfolio", totals | age(oldest_us, self._clock.micros()))


def _totals(image: AccountImage, status: AccountFeed, holdings: Collection[Holding]) -> Fields:
    reason: Fields = {"reason": status.reason} if status.reason else {}
    return head(image) | {"state": status.state} | reason | portfolio(image.portfolio, holdings)


def head(image: AccountImage) -> Fields:
    """Whose figures these are, and of when."""
    return {"account": image.account, "as_of": image.as_of} | mark(image)


def mark(image: AccountImage | None) -> Fields:
    """What every event of an invented account says: nobody is to take one for real money."""
    return {"simulated": True} if image is not None and image.simulated else {}
