"""The table of prices at different widths."""

from __future__ import annotations

import pytest

from tapecast.client import SymbolState, SymbolStatus
from tapecast.watch.prices import COLUMNS, Prices
from tests.watch.support import HELLO, LIVE, heard, shown, tick

SYMBOLS = ("AAPL", "BTC/USD", "NOPE!", "MSFT")
STREAM = heard(
    HELLO, LIVE, tick(), SymbolStatus("BTC/USD", SymbolState.STALE, "no_update"),
    tick("BTC/USD", 102_784.52, change=-1.5, change_percent=-0.0015),
    SymbolStatus("NOPE!", SymbolState.REFUSED, "symbol_invalid"), symbols=SYMBOLS,
)  # fmt: skip


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (40, "SYMBOL PRICE CHANGE % STATE"),
        (50, "SYMBOL PRICE CHANGE % AGE STATE"),
        (80, "SYMBOL PRICE CHANGE % BID ASK AGE STATE"),
        (93, "SYMBOL PRICE CHANGE CHANGE % BID ASK AGE STATE"),
        (100, "SYMBOL PRICE CHANGE CHANGE % BID ASK VOLUME AGE STATE"),
        (200, " ".join(column.title for column in COLUMNS if column.title)),
    ],
)
def test_columns_go_by_importance(width: int, titles: str) -> None:
    """Price and state stay."""
    lines = shown(Prices().table(STREAM, width, 10), width)
    assert " ".join(lines[0].split()) == titles
    assert all(len(line) <= width for line in lines)
    assert "271.50" in lines[1]
    assert lines[1].split()[-1] == "live"


def test_a_price_that_is_none_of_now_is_there_and_says_so() -> None:
    """Refused symbols and those without a price have none."""
    lines = shown(Prices().table(STREAM, 100, 10), 100)
    assert "102,784.52" in lines[2]
    assert lines[2].split()[-2:] == ["STALE", "no_update"]
    assert lines[3].split() == ["NOPE!", "REFUSED", "symbol_invalid"]
    assert lines[4].split() == ["MSFT", "pending"]


def test_a_row_without_room_for_its_state_is_marked() -> None:
    """By a sign, since not every terminal shows dim letters; a narrow one shows as much of it as fits."""
    lines = shown(Prices().table(STREAM, 20, 10), 20)
    assert [line.split() for line in lines] == [
        ["SYMBOL", "PRICE"], ["AAPL", "271.50"], ["BTC/USD!", "102,784.52"], ["NOPE!!"], ["MSFT"],
    ]  # fmt: skip
    assert [line.split()[0] for line in shown(Prices().table(STREAM, 12, 10), 12)][2:4] == [
        "BTC/USD!",
        "NOPE!!",
    ]


def test_a_lost_connection_is_not_said_in_each_row() -> None:
    """It would cost a column; the header says it."""
    stream = heard(HELLO, SymbolStatus("AAPL", SymbolState.STALE, "connection_lost"))
    assert shown(Prices().table(stream, 80, 5), 80)[1].split() == ["AAPL", "STALE"]


def test_what_there_is_no_room_for_is_counted() -> None:
    """In the last row."""
    lines = shown(Prices().table(STREAM, 80, 2), 80)
    assert len(lines) == 3
    assert lines[2] == "… 3 more"


def test_words_of_the_server_cannot_steer_the_terminal() -> None:
    """Nor break the table."""
    stream = heard(HELLO, SymbolStatus("AAPL", SymbolState.STALE, "\x1b]0;title\x07\nx"))
    assert len(shown(Prices().table(stream, 80, 5), 80)) == 2
