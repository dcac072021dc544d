"""What there is no room for goes, the least important first."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from rich.text import Text

from tapecast.watch.columns import Column, Columns
from tests.watch.support import shown

COLUMNS = (
    Column("symbol", "SYMBOL", 0, "left"), Column("price", "PRICE", 1), Column("bid", "BID", 3),
    Column("ask", "ASK", 3), Column("why", "", 2, "left", is_occasional=True),
)  # fmt: skip


def row(*texts: str) -> dict[str, Text]:
    """A row, by position."""
    return {column.name: Text(text) for column, text in zip(COLUMNS, texts, strict=False)}


ROWS = [row("AAPL", "271.50", "271.49", "271.51"), row("BTC/USD", "102,784.52", "102,784.51")]


@pytest.mark.parametrize(
    ("width", "titles"),
    [(80, "SYMBOL PRICE BID ASK"), (30, "SYMBOL PRICE"), (19, "SYMBOL PRICE"), (18, "SYMBOL"), (3, "SYMBOL")],
)
def test_columns_of_a_rank_come_and_go_together(width: int, titles: str) -> None:
    """A bid without its ask is of no use; the first column is always there, cut if need be."""
    table = Columns(COLUMNS).table(ROWS, width)
    assert " ".join(str(column.header) for column in table.columns if column.header) == titles
    assert all(len(line) <= width for line in shown(table, width))


def test_a_column_keeps_the_width_that_it_once_needed() -> None:
    """Numbers change, the table stands still; words of trouble give their room back."""
    columns = Columns(COLUMNS)
    columns.table([*ROWS, row("X", "", "", "", "a_long_reason")], 80)
    assert widths(columns, [row("AAPL", "1.00")]) == [7, 10, 10, 6, 0]


def widths(columns: Columns, rows: Sequence[dict[str, Text]]) -> list[int | None]:
    """Of the columns that are shown."""
    return [column.width for column in columns.table(rows, 80).columns]


def test_a_gap_in_the_ranks_lets_nothing_lower_through() -> None:
    """Else what is shown would depend on which numbers are short."""
    table = Columns(COLUMNS).table([row("AAPL", "1", "2", "3", "x" * 40)], 40)
    assert [column.header for column in table.columns] == ["SYMBOL", "PRICE"]
