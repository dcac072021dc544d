"""One line of the results: what was measured, on whom, and what it should have been.

A scenario is a module with `def rows(config: Config) -> list[Row]`; all of them go into one table.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A figure. `None` where it could not be measured: `note` then says why."""

    name: str
    """What was measured: rows of one name stand together in the table."""
    subject: str
    """On whom: `tapecast`, `nchan`, ..."""
    value: float | None
    """The median of the runs."""
    unit: str
    target: str = ""
    """The design's words, as `>= 10x nchan`, on the row that must reach them."""
    ratio: str = ""
    """What stands against the target, as `12.3x nchan`."""
    range: tuple[float, float] | None = None
    """The lowest and the highest of the runs."""
    note: str = ""
    reached: bool | None = None
    """Whether the target was reached; None where there is none, or nothing to compare with."""
    is_cut: bool = False
    """The search had no time to end: the figure may be too low, so nothing is judged by it."""
    runs: int = 1
    """How many there were."""

    def as_dict(self) -> dict[str, object]:
        """As the results file holds it."""
        return asdict(self)
