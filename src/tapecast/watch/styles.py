"""Colours, which are never the only sign: a state has its word, a change its sign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.text import Text

from tapecast.client import SymbolState
from tapecast.watch.badge import Word
from tapecast.watch.figures import Figure, direction

WORDS: Final = {
    Word.LIVE: "bold black on green",
    Word.CLOSED: "bold black on cyan",
    Word.STALE: "bold black on yellow",
    Word.RECONNECTING: "bold black on yellow",
    Word.CONNECTING: "bold black on yellow",
    Word.FAILED: "bold white on red",
    Word.REFUSED: "bold white on red",
}
SIMULATED: Final = "bold black on magenta"

_STATES: Final = {
    SymbolState.LIVE: "green",
    SymbolState.CLOSED: "cyan",
    SymbolState.STALE: "bold yellow",
    SymbolState.PENDING: "yellow",
    SymbolState.REFUSED: "bold red",
}
_MOVES: Final = {1: "green", 0: "", -1: "red"}


def state(value: SymbolState) -> Text:
    """The state as a word; upper case is for what must not be taken for a price of now."""
    told = value.upper() if value in {SymbolState.STALE, SymbolState.REFUSED} else str(value)
    return Text(told, _STATES[value])


def marked(row: Mapping[str, Text]) -> dict[str, Text]:
    """A row that has no room for its state: what must not be taken for a price of now has a `!`."""
    state = row["state"]
    return dict(row) | ({"symbol": row["symbol"] + Text("!", state.style)} if state.plain.isupper() else {})


def move(text: str, value: Figure, *, is_current: bool) -> Text:
    """Green up, red down, and neither where it is not of now."""
    return Text(text, _MOVES[direction(value)] if is_current else "dim")


def plain(text: str, *, is_current: bool, style: str = "") -> Text:
    """A number."""
    return Text(text, style if is_current else "dim")
