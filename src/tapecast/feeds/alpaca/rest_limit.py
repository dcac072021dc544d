"""How much of the account's REST budget is left, from the headers of the venue's answers.

The 200 calls a minute are shared with the user's own programs: when few are left, those are theirs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

FEW: Final = 20
"""Of 200: what an order program may need until the next minute."""
SHORTEST_S: Final = 1.0
LONGEST_S: Final = 60.0
"""The venue counts by the minute; a header that says more, or a clock that is off, costs no more than one."""
UNKNOWN_S: Final = 15.0


class RateLimit:
    """What the newest answer said."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._remaining: int | None = None
        # By the wall clock, as the venue says it.
        self._reset_at = 0.0

    def observe(self, headers: Mapping[str, str]) -> None:
        """Take the headers of an answer; those that are missing or make no sense say nothing."""
        self._remaining = _whole(headers.get("x-ratelimit-remaining"))
        reset_at = _whole(headers.get("x-ratelimit-reset"))
        self._reset_at = self._wall() + UNKNOWN_S if reset_at is None else float(reset_at)

    @property
    def is_scarce(self) -> bool:
        """Whether the calls that are left had better be left to others."""
        return self.scarce_s > 0

    @property
    def scarce_s(self) -> float:
        """How long they had better be left, until the venue's next minute; 0 if there are enough."""
        left_s = self._reset_at - self._wall()
        is_scarce = self._remaining is not None and self._remaining < FEW and 0 < left_s <= LONGEST_S
        return left_s if is_scarce else 0.0

    def until_reset(self) -> float:
        """How long to leave the venue alone that has just refused a call for its number."""
        return min(LONGEST_S, max(SHORTEST_S, self._reset_at - self._wall()))


def _whole(text: str | None) -> int | None:
    # Not `isdigit`, which knows digits that `int` does not; and no number of a thousand digits.
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 12 else None
