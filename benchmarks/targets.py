"""The design's targets, and whether a measured figure reaches them: always as a ratio within the same run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.row import Row
from benchmarks.stats import ratio

OURS = "tapecast"


@dataclass(frozen=True)
class Bar:
    """`factor` times the figure of `subject`, as the least or as the most."""

    subject: str
    factor: float
    is_most: bool = False

    @property
    def text(self) -> str:
        """As in the design's table."""
        return f"{'<=' if self.is_most else '>='} {self.factor:g}x {self.subject}"

    def reached(self, times: float) -> bool:
        """Whether so many times is enough, or not too much."""
        return times <= self.factor if self.is_most else times >= self.factor


def judged(rows: Sequence[Row], bars: Sequence[Bar]) -> list[Row]:
    """The rows of one measurement, ours first and with targets and ratios."""
    found = [_judge(row, rows, bars) if row.subject == OURS else row for row in rows]
    return sorted(found, key=lambda row: row.subject != OURS)


def _judge(ours: Row, rows: Sequence[Row], bars: Sequence[Bar]) -> Row:
    times = [(bar, ratio(ours.value, _figure(bar, rows))) for bar in bars]
    known = [(bar, value) for bar, value in times if value is not None]
    subjects = {OURS, *(bar.subject for bar in bars)}
    is_cut = any(row.is_cut for row in rows if row.subject in subjects)
    return replace(
        ours,
        target=", ".join(bar.text for bar in bars),
        ratio=", ".join(f"{value:.2f}x {bar.subject}" for bar, value in known),
        reached=None if is_cut else _verdict([bar.reached(value) for bar, value in known], len(bars)),
    )


def _verdict(reached: Sequence[bool], bars: int) -> bool | None:
    # One miss is enough to miss; but nothing is reached while a peer is not here to be compared with.
    if not all(reached):
        return False
    return True if len(reached) == bars else None


def _figure(bar: Bar, rows: Sequence[Row]) -> float | None:
    return next((row.value for row in rows if row.subject == bar.subject), None)


def limited(row: Row, most: float) -> Row:
    """A row whose target is a figure and not a ratio."""
    reached = None if row.value is None else row.value <= most
    return replace(row, target=f"<= {most:g} {row.unit}", reached=reached)
