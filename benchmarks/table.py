"""The rows as a table: aligned for a terminal, or Markdown for docs."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.row import Row

HEADINGS = ("", "median", "range", "target", "ratio", "", "note")
REACHED = {True: "reached", False: "not reached", None: ""}


def number(value: float) -> str:
    """Three or four digits that mean something."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def shown(row: Row) -> str:
    """The figure with its unit."""
    return "-" if row.value is None else f"{number(row.value)} {row.unit}".rstrip()


def verdict(rows: Sequence[Row]) -> str:
    """How many of the targets were reached."""
    targets = [row for row in rows if row.target]
    reached = sum(row.reached is True for row in targets)
    return f"{reached} of {len(targets)} targets reached"


def cells(row: Row) -> tuple[str, ...]:
    """One row's texts, in the order of HEADINGS."""
    spread = "" if row.range is None else f"{number(row.range[0])} to {number(row.range[1])} ({row.runs})"
    return (row.subject, shown(row), spread, row.target, row.ratio, REACHED[row.reached], row.note)


def groups(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """By what was measured, in the order of their first rows."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.name, []).append(row)
    return found


def text(rows: Sequence[Row]) -> str:
    """For a terminal."""
    texts = [cells(row) for row in rows]
    widths = [max(len(line[column]) for line in [HEADINGS, *texts]) for column in range(len(HEADINGS))]
    lines = [_padded(HEADINGS, widths)]
    for name, members in groups(rows).items():
        lines += [name, *(_padded(cells(member), widths) for member in members)]
    return "\n".join(lines)


def _padded(line: Sequence[str], widths: Sequence[int]) -> str:
    return "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def markdown(rows: Sequence[Row]) -> str:
    """For docs: what was measured stands on the first of its rows."""
    lines = ["| measured | on | median | range | target | ratio | | note |", "| " + "--- | " * 8]
    for name, members in groups(rows).items():
        for at, member in enumerate(members):
            # A bar in a note would end the cell.
            line = [name if at == 0 else "", *cells(member)]
            lines.append("| " + " | ".join(cell.replace("|", "/") for cell in line) + " |")
    return "\n".join(line.rstrip() for line in lines)
