"""The bars of one symbol and interval as they were told, and what is to be told now. Pure.

A bar is told again whenever its figures or its flags change, each time under a new order. What is told waits
in `pending` until it is written. Kept are the newest buckets, whole: a bucket is always written as a whole,
and what is older has its last word in Redis.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from tapecast.bars import Bar, Interval
from tapecast.bus.bars import bucket_ns
from tapecast.ingest.bars.tally import Tally
from tapecast.market import parse_rfc3339

KEPT: Final = 3
"""Buckets in memory: trades that come later than that change nothing that is told."""


class Series:
    """One symbol's bars of one length. Times in nanoseconds of the venue."""

    __slots__ = (
        "_bucket_ns", "_floor", "_now_ns", "_open", "_reached", "_told", "buckets", "has_history", "interval",
        "is_anew", "is_listed", "is_ready", "is_whole", "pending", "was_whole", "written_s",
    )  # fmt: skip

    def __init__(self, interval: Interval) -> None:
        self.interval = interval
        self._bucket_ns = bucket_ns(interval)
        # What was told last of each start.
        self._told: dict[int, Bar] = {}
        # Told and not closed.
        self._open: set[int] = set()
        # Told and not written.
        self.pending: dict[int, Bar] = {}
        # The first instants of all buckets that are in Redis.
        self.buckets: set[int] = set()
        # Whether the venue's own bars of before are in.
        self.has_history = False
        # Whoever shows it is to read all of it again.
        self.is_anew = False
        # Whether Redis knows whose bars they are, and which buckets there are.
        self.is_listed = False
        # Whether what Redis holds of it has been read: before that nothing is told, or it would be lost.
        self.is_ready = False
        # Whether it is heard, and nothing is missing since it was followed last; and what was said of that.
        self.is_whole = False
        self.was_whole: bool | None = None
        # When it was written last.
        self.written_s = 0.0
        self._floor = 0
        # The venue's time, as far as it is known.
        self._now_ns = 0
        # The newest start that is written.
        self._reached = 0

    def __iter__(self) -> Iterator[Bar]:
        return (self._told[start] for start in sorted(self._told))

    @property
    def newest(self) -> Bar | None:
        """The newest bar told."""
        return self._told[max(self._told)] if self._told else None

    @property
    def starts(self) -> Iterable[int]:
        """Which bars are kept."""
        return self._told.keys()

    def restore(self, bars: Iterable[Bar], buckets: Iterable[int]) -> None:
        """Start from what Redis holds."""
        self.is_ready = True
        self.buckets.update(buckets)
        for bar in bars:
            start = parse_rfc3339(bar.start)
            self._told.setdefault(start, bar)
            if not bar.closed:
                self._open.add(start)
        self._reached = max(self._told, default=0)
        self._trim()

    def tell(self, start_ns: int, tally: Tally | None, *, now_ns: int, partial: bool) -> None:
        """What is known of a bar now; nothing, if there is none any more."""
        if start_ns < self._floor:
            return
        before = self._told.get(start_ns)
        if tally is None or not tally.has_price:
            if before is not None and not before.removed:
                self._put(start_ns, Bar(before.start, closed=before.closed, corrected=True, removed=True))
            return
        is_closed = start_ns + self.interval.ns <= now_ns or (before is not None and before.closed)
        bar = tally.bar(closed=is_closed, partial=partial)
        if before is not None:
            if _figures(before) == _figures(bar) and (before.closed, before.partial) == (is_closed, partial):
                return
            if before.closed or before.corrected:
                bar = msgspec.structs.replace(bar, corrected=True)
        self._put(start_ns, bar)

    def tell_again(self) -> None:
        """All of it, since Redis has lost what was told."""
        self.pending = {start: bar for start, bar in self._told.items() if not bar.removed}
        self.buckets, self.has_history, self.is_anew, self.is_listed = set(), False, True, False

    def reopen(self) -> None:
        """Bars of any age are about to be told: those of the venue's, in whole buckets."""
        self._floor = 0

    def put_history(self, start_ns: int, tally: Tally) -> None:
        """A closed bar of the venue's, of which nothing was told so far or what may be wrong."""
        before = self._told.get(start_ns)
        if before is None or before.partial or before.removed:
            self.tell(start_ns, tally, now_ns=start_ns + self.interval.ns, partial=False)

    def over(self, now_ns: int) -> list[int]:
        """Of what was told as forming, what is over by now."""
        self._now_ns = now_ns
        return sorted(start for start in self._open if start + self.interval.ns <= now_ns)

    def close(self, start_ns: int, *, partial: bool) -> None:
        """It is over, as it was told; `partial`: it may lack trades that were missed since."""
        told = self._told[start_ns]
        self._put(start_ns, msgspec.structs.replace(told, closed=True, partial=told.partial or partial))

    def _put(self, start_ns: int, bar: Bar) -> None:
        self._told[start_ns] = self.pending[start_ns] = bar
        self._open.discard(start_ns)
        if not bar.closed and not bar.removed:
            self._open.add(start_ns)

    def number(self, epoch: int, first_seq: int) -> list[Bar]:
        """What waits to be written, in order of time, each under its number."""
        bars = []
        for seq, start in enumerate(sorted(self.pending), first_seq):
            bar = msgspec.structs.replace(self.pending[start], epoch=epoch, seq=seq)
            if start < self._reached and not self.is_anew:
                # Also one that is told first now: a chart that only goes on must know that it goes back.
                bar = msgspec.structs.replace(bar, corrected=True)
            self.pending[start] = self._told[start] = bar
            bars.append(bar)
        return bars

    def changed_buckets(self) -> dict[int, list[Bar]]:
        """The whole buckets in which something waits that is over."""
        changed = {self.bucket(start) for start, bar in self.pending.items() if bar.closed or bar.removed}
        buckets: dict[int, list[Bar]] = {start: [] for start in sorted(changed)}
        for start in sorted(self._told):
            bucket, bar = self.bucket(start), self._told[start]
            # Also that there is none any more: who was away has not heard of it.
            if bucket in changed:
                buckets[bucket].append(bar)
        return buckets

    def wrote(self, bars: Iterable[Bar], buckets: Iterable[int]) -> None:
        """These are in Redis now, and so is what is said of all of them."""
        self.is_listed = True
        numbers = {bar.seq for bar in bars}
        written = [start for start, bar in self._told.items() if bar.seq in numbers]
        self._reached = max([self._reached, *written])
        self.pending = {start: bar for start, bar in self.pending.items() if bar.seq not in numbers}
        self.buckets.update(buckets)
        self._trim()

    def bucket(self, start_ns: int) -> int:
        """The first instant of the bucket that a bar is in."""
        return start_ns - start_ns % self._bucket_ns

    def _trim(self) -> None:
        if not self._told:
            return
        newest = max(self._told)
        # One that is dated ahead must not take the present's place.
        newest = min(newest, self._now_ns) if self._now_ns else newest
        floor = self.bucket(newest) - (KEPT - 1) * self._bucket_ns
        if floor > self._floor:
            self._floor = floor
            self._told = {start: bar for start, bar in self._told.items() if start >= floor}
            self._open = {start for start in self._open if start >= floor}


def _figures(bar: Bar) -> tuple[float | int | None, ...]:
    return (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.trades)
