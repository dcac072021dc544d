"""What was not heard of one symbol: stretches of the venue's time in which trades may have been missed. Pure.

A stretch ends with the first trade after it, or with the moment of the subscription if that is earlier:
whether the venue's times agree with our clock is not known (a delayed feed, a recording). Minutes that the
venue's REST has told since are whole again; seconds never are.
"""

from __future__ import annotations

import sys
from typing import Final

from tapecast.bars import MINUTE_NS, SECOND_NS, Interval

MOST: Final = 8
"""Stretches that are kept apart; older ones count as one."""
SETTLE_NS: Final = 5 * SECOND_NS
"""After the end of a minute, until the venue's REST has its bar."""
_OPEN: Final = sys.maxsize


class Gaps:
    """The stretches, in order, and which minutes the venue has told."""

    __slots__ = ("_confirmed_ns", "_gaps", "filled_from", "filled_to")

    def __init__(self) -> None:
        # Nothing was heard yet.
        self._gaps: list[tuple[int, int]] = [(0, _OPEN)]
        self._confirmed_ns = _OPEN
        # Minutes in here are all known: the venue has told those that have a bar.
        self.filled_from = self.filled_to = 0

    @property
    def is_open(self) -> bool:
        """Whether it is not yet known where the last stretch ends."""
        return bool(self._gaps) and self._gaps[-1][1] == _OPEN

    def lose(self, since_ns: int) -> None:
        """Nothing is heard from here on."""
        self._confirmed_ns = _OPEN
        if self.is_open:
            return
        self._gaps.append((since_ns, _OPEN))
        if len(self._gaps) > MOST:
            (begin, _), (_, end), *rest = self._gaps
            self._gaps = [(begin, end), *rest]

    def confirm(self, now_ns: int) -> None:
        """The venue says that it sends from now on."""
        self._confirmed_ns = min(self._confirmed_ns, now_ns)

    def hear(self, ns: int) -> None:
        """A trade came."""
        if self.is_open:
            begin, _ = self._gaps.pop()
            if begin < (end := min(ns, self._confirmed_ns)):
                self._gaps.append((begin, end))

    def known_until(self, ns: int) -> None:
        """All before this is known from one who has heard it: the cache."""
        if self._gaps:
            begin, end = self._gaps[0]
            self._gaps[0] = (max(begin, min(ns, end)), end)

    def doubt(self, begin_ns: int, end_ns: int) -> None:
        """What is known of this minute turned out to be wrong."""
        self.filled_to = max(self.filled_from, min(self.filled_to, begin_ns))
        self._gaps = sorted([*self._gaps, (begin_ns, end_ns)])[-MOST:]

    def fill(self, begin_ns: int, end_ns: int) -> None:
        """The venue has told all minutes in here."""
        if self.filled_to and not self.hits(self.filled_to, begin_ns):
            begin_ns, end_ns = min(begin_ns, self.filled_from), max(end_ns, self.filled_to)
        self.filled_from, self.filled_to = begin_ns, end_ns

    def unfill(self) -> None:
        """What the venue has told is lost: it is to be asked again."""
        self.filled_from = self.filled_to = 0

    def extend(self, start_ns: int) -> None:
        """The venue has told the minute that follows those."""
        if start_ns == self.filled_to:
            self.filled_to = start_ns + MINUTE_NS

    def hits(self, begin_ns: int, end_ns: int) -> bool:
        """Whether trades of this stretch may have been missed."""
        return any(begin < end_ns and begin_ns < end for begin, end in self._gaps)

    def hits_minute(self, start_ns: int) -> bool:
        """The same of a minute, which REST may have filled."""
        is_filled = self.filled_from <= start_ns and start_ns + MINUTE_NS <= self.filled_to
        return not is_filled and self.hits(start_ns, start_ns + MINUTE_NS)

    def wanting(self, now_ns: int) -> int | None:
        """From when on the venue is to be asked; None while it could say nothing new."""
        last = Interval.MINUTE.start(max(0, now_ns - SETTLE_NS))
        for begin, end in self._gaps:
            # Of a symbol that has not traded since it was subscribed, nothing is missing from then on.
            end_ns = min(end, self._confirmed_ns) if end == _OPEN else end
            until = min(last, Interval.MINUTE.start(end_ns - 1) + MINUTE_NS)
            if until > max(begin, self.filled_to) or (self.filled_to == 0 and until > 0):
                return max(begin, self.filled_to)
        return None
