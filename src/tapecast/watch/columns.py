"""Which columns of a table there is room for.

Each has a rank: the lowest stay longest. A column keeps the width that it once needed, so that the table
stands still while its numbers change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

GAP = 2


@dataclass(frozen=True)
class Column:
    """One column; those of equal rank come and go together."""

    name: str
    title: str
    rank: int
    justify: Literal["left", "right"] = "right"
    # It needs its width only while it has something to say.
    is_occasional: bool = False


class Columns:
    """The columns of one table over its life."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._widths = {column.name: cell_len(column.title) for column in columns}

    def table(self, rows: Sequence[Mapping[str, Text]], width: int) -> Table:
        """These rows, as far as they fit into `width`."""
        self._measure(rows)
        chosen = self._chosen(width)
        table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, show_edge=False, header_style="dim")
        for column in chosen:
            width = self._widths[column.name]
            table.add_column(column.title, justify=column.justify, width=width, no_wrap=True)
        for row in rows:
            table.add_row(*(row.get(column.name, Text()) for column in chosen))
        return table

    def shows(self, name: str, rows: Sequence[Mapping[str, Text]], width: int) -> bool:
        """Whether a column has room beside these rows."""
        self._measure(rows)
        return any(column.name == name for column in self._chosen(width))

    def _measure(self, rows: Sequence[Mapping[str, Text]]) -> None:
        self._widths |= {each.name: cell_len(each.title) for each in self._columns if each.is_occasional}
        for row in rows:
            for name, text in row.items():
                self._widths[name] = max(self._widths[name], text.cell_len)

    def _chosen(self, width: int) -> list[Column]:
        kept: set[str] = set()
        left = width + GAP
        for rank in sorted({column.rank for column in self._columns}):
            group = [column for column in self._columns if column.rank == rank]
            needed = sum(self._widths[column.name] + GAP for column in group)
            if needed > left and kept:
                # A lower rank must not show where a higher one had no room: which ones do would be a riddle.
                break
            left -= needed
            kept |= {column.name for column in group}
        return [column for column in self._columns if column.name in kept]
