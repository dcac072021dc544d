"""One line of the results: what was measured, on whom, and what it should have been.

Both halves of the benchmarks (fan-out here, ingest in `benchmarks/ingest`) hand such rows to the same table.
A half, or a scenario, is a module with `async def rows(config: Config) -> list[Row]`, or a plain function.
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

    def as_dict(self) -> dict[str, object]:
        """As the results file holds it."""
        return asdict(self)
