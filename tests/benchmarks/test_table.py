"""The table: every row is there, with its verdict in words."""

from __future__ import annotations

import pytest

from benchmarks.row import Row
from benchmarks.table import markdown, number, shown, text, verdict

BAR, SPREAD = ">= 10x nchan", (500_000.0, 520_000.0)
ROWS = [
    Row("load", "tapecast", 512_345.6, "events/s", BAR, "8.50x nchan", SPREAD, reached=False),
    Row("load", "nchan", 60_123.4, "events/s"),
    Row("load", "Mercure", None, "events/s", note="absent | no mercure"),
    Row("memory", "tapecast", 11.26, "KB", "<= 1.2x nchan", "0.90x nchan", (11.0, 12.0), reached=True),
]


@pytest.mark.parametrize(
    ("value", "expected"), [(1234.5, "1,234"), (123.4, "123"), (12.34, "12.3"), (0.01234, "0.0123")]
)
def test_numbers_have_the_digits_that_mean_something(value: float, expected: str) -> None:
    """Three digits, or all of a large one."""
    assert number(value) == expected


def test_a_figure_comes_with_its_unit() -> None:
    """And one that is missing is a dash, not a zero."""
    assert [shown(row) for row in ROWS] == ["512,346 events/s", "60,123 events/s", "-", "11.3 KB"]


def test_every_row_is_in_the_terminal_table() -> None:
    """Under its measurement, which stands once, with `not reached` as plain as `reached`."""
    lines = text(ROWS).splitlines()
    assert [line.strip() for line in lines if not line.startswith("  ")] == ["load", "memory"]
    assert len(lines) == 1 + 2 + len(ROWS)
    assert "8.50x nchan" in lines[2]
    assert "not reached" in lines[2]
    assert lines[-1].rstrip().endswith("reached")
    assert "not" not in lines[-1]


def test_the_markdown_table_keeps_its_columns() -> None:
    """A bar in a note does not end its cell, and each line has as many cells as the head."""
    lines = markdown(ROWS).splitlines()
    assert {line.count("|") for line in lines} == {9}
    assert lines[2].startswith(
        "| load | tapecast | 512,346 events/s | 500,000 to 520,000 (1) | >= 10x nchan |"
    )
    assert lines[3].startswith("|  | nchan |")


def test_the_verdict_counts_targets() -> None:
    """Only rows with a target count."""
    assert verdict(ROWS) == "1 of 2 targets reached"
