"""What was not heard of one symbol: stretches of the venue's time in which trades may have been missed. Pure.

A stretch ends with the moment of the subscription, or with the first trade after it if the venue's times do
not agree with our clock (a delayed feed, a recording). A late print ends none: what comes after it may have
been missed still. Minutes that the venue's REST has told since are whole
again; seconds never are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from tapecast.bars import MINUTE_NS, SECOND_NS, Interval

MOST: Final = 8
"""Stretches that are kept apart; older ones count as one."""
SETTLE_NS: Final = 5 * SECOND_NS
"""After the end of a minute, until the venue's REST has its bar."""
LATE_NS: Final = 5 * MINUTE_NS
"""No print is reported so late, and no delayed feed is so little delayed."""
_OPEN: Final = sys.maxsize

Stretch = tuple[int, int]


class Gaps:
    """The stretches, in order, and which minutes the venue has told."""

    __slots__ = ("_confirmed_ns", "_gaps", "_heard_ns", "_unheard", "filled_from", "filled_to", "past_ns")

    def __init__(self) -> None:
        # Before the first trade that was heard at all.
        self._unheard: Stretch = (0, _OPEN)
        # Since then. Only the last may be open.
        self._gaps: list[Stretch] = []
        # When the venue said that it sends: by our clock, and by its own as far as that is known.
        self._confirmed_ns, self._heard_ns = _OPEN, 0
        # Minutes in here are all known: the venue has told those that have a bar.
        self.filled_from = self.filled_to = 0
        # The last minute of which the cache has all that was before, as the venue has told it; 0: of none.
        self.past_ns = 0

    @property
    def is_open(self) -> bool:
        """Whether it is not yet known where the last stretch ends."""
        return self._unheard[1] == _OPEN or (bool(self._gaps) and self._gaps[-1][1] == _OPEN)

    def lose(self, since_ns: int) -> None:
        """Nothing is heard from here on."""
        self._confirmed_ns, self._heard_ns = _OPEN, 0
        if not self.is_open:
            self.miss(since_ns, _OPEN)

    def confirm(self, now_ns: int, venue_ns: int = 0) -> None:
        """The venue says that it sends from now on. `venue_ns`: the time there, if it is known."""
        if self._confirmed_ns == _OPEN:
            self._confirmed_ns, self._heard_ns = now_ns, min(now_ns, venue_ns)

    def hear(self, ns: int) -> None:
        """A trade came."""
        if self._unheard[1] == _OPEN:
            self._unheard = self._ended(self._unheard[0], ns)
        elif self.is_open:
            self._gaps[-1] = self._ended(self._gaps[-1][0], ns)

    def _ended(self, begin: int, ns: int) -> Stretch:
        if ns <= begin:
            return begin, _OPEN
        # Where our clock is behind the venue's it says nothing.
        confirmed_ns = self._confirmed_ns if self._confirmed_ns > begin else ns
        # Else the feed is delayed, or recorded, and our clock says nothing either.
        is_present = confirmed_ns - ns < LATE_NS
        return begin, max(confirmed_ns if is_present else ns, self._heard_ns)

    def known_until(self, ns: int) -> None:
        """All before this is known from one who has heard it: the cache."""
        begin, end = self._unheard
        self._unheard = max(begin, min(ns, end)), end

    def miss(self, begin_ns: int, end_ns: int) -> None:
        """Trades in here may have been missed."""
        gaps: list[Stretch] = []
        for begin, end in sorted([*self._gaps, (begin_ns, end_ns)]):
            if gaps and begin <= gaps[-1][1]:
                gaps[-1] = gaps[-1][0], max(gaps[-1][1], end)
            else:
                gaps.append((begin, end))
        if len(gaps) > MOST:
            older = len(gaps) - MOST
            gaps[: older + 1] = [(gaps[0][0], gaps[older][1])]
        self._gaps = gaps

    def doubt(self, begin_ns: int, end_ns: int) -> None:
        """What is known of this minute turned out to be wrong."""
        self.filled_to = max(self.filled_from, min(self.filled_to, begin_ns))
        self.miss(begin_ns, end_ns)

    def fill(self, begin_ns: int, end_ns: int) -> None:
        """The venue has told all minutes in here."""
        if self.filled_to and (begin_ns <= self.filled_to or not self.hits(self.filled_to, begin_ns)):
            begin_ns, end_ns = min(begin_ns, self.filled_from), max(end_ns, self.filled_to)
        self.filled_from, self.filled_to = begin_ns, end_ns

    def unfill(self) -> None:
        """What the venue has told is lost, and what the cache knew: it is to be asked again."""
        self._unheard = 0, self._unheard[1]
        self.filled_from = self.filled_to = self.past_ns = 0

    def extend(self, start_ns: int) -> None:
        """The venue has told the minute that follows those."""
        if start_ns == self.filled_to:
            self.filled_to = start_ns + MINUTE_NS

    def _stretches(self) -> Iterator[Stretch]:
        for begin, end in (self._unheard, *self._gaps):
            # Of a symbol that has not traded since it was subscribed, nothing is missing from then on. Our
            # clock may be behind the venue's: that moment was no earlier than the gap's begin.
            yield begin, max(self._confirmed_ns, begin + 1) if end == _OPEN else end

    def hits(self, begin_ns: int, end_ns: int) -> bool:
        """Whether trades of this stretch may have been missed."""
        return any(begin < end_ns and begin_ns < end for begin, end in self._stretches())

    def hits_minute(self, start_ns: int) -> bool:
        """The same of a minute, which REST may have filled."""
        is_filled = self.filled_from <= start_ns and start_ns + MINUTE_NS <= self.filled_to
        return not is_filled and self.hits(start_ns, start_ns + MINUTE_NS)

    def wanting(self, now_ns: int) -> int | None:
        """From when on the venue is to be asked; None while it could say nothing new."""
        last = Interval.MINUTE.start(max(0, now_ns - SETTLE_NS))
        stretches = list(self._stretches())
        if not self.filled_to and stretches and last:
            # Nothing was asked for yet.
            return min(self.past_ns, min(stretches)[0])
        for begin, end in stretches:
            until = min(last, Interval.MINUTE.start(end - 1) + MINUTE_NS)
            if until > max(begin, self.filled_to):
                return max(begin, self.filled_to)
        return None
