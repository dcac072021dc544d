"""The table of prices: one row per symbol, in the order in which they were named."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from tapecast.client import Stream, SymbolState, Tick
from tapecast.client.store import LOST
from tapecast.refusals import clean
from tapecast.watch import figures, styles
from tapecast.watch.columns import Column, Columns

COLUMNS = (
    Column("symbol", "SYMBOL", 0, "left"),
    Column("price", "PRICE", 1),
    Column("change", "CHANGE", 7),
    Column("percent", "CHANGE %", 3),
    Column("bid", "BID", 5),
    Column("ask", "ASK", 5),
    Column("bid_size", "BID SIZE", 9),
    Column("ask_size", "ASK SIZE", 9),
    Column("size", "SIZE", 10),
    Column("volume", "VOLUME", 8),
    Column("open", "OPEN", 12),
    Column("low", "LOW", 11),
    Column("high", "HIGH", 11),
    Column("previous", "PREVIOUS", 12),
    Column("age", "AGE", 4),
    Column("state", "STATE", 2, "left"),
    Column("reason", "", 6, "left", is_occasional=True),
)


class Prices:
    """The table over its life."""

    def __init__(self) -> None:
        self._columns = Columns(COLUMNS)

    def table(self, stream: Stream, width: int, most: int) -> Table:
        """At most `most` rows; the last of several says how many there are besides."""
        symbols = list(stream.states)
        cut = len(symbols) > most
        rows = [_row(stream, symbol) for symbol in symbols[: max(1, most - 1) if cut else most]]
        if not self._columns.shows("state", rows, width):
            rows = [styles.marked(row) for row in rows]
        if cut and most > 1:
            rows.append({"symbol": Text(f"… {len(symbols) - most + 1} more", "dim")})
        return self._columns.table(rows, width)


def _row(stream: Stream, symbol: str) -> dict[str, Text]:
    status, tick = stream.states[symbol], stream.ticks.get(symbol)
    # The same for all, and said above the table.
    reason = "" if status.reason == LOST else status.reason
    row = {
        "symbol": Text(clean(symbol), "bold"),
        "state": styles.state(status.state),
        "reason": Text(clean(reason), "dim"),
    }
    if tick is None or status.state is SymbolState.REFUSED:
        return row
    return row | _figures(tick, stream.age_s(symbol), is_current=stream.is_current(symbol))


def _figures(tick: Tick, age_s: float | None, *, is_current: bool) -> dict[str, Text]:
    digits = figures.digits_of(tick.price)
    texts = {
        "bid": figures.price(tick.bid, digits),
        "ask": figures.price(tick.ask, digits),
        "bid_size": figures.quantity(tick.bid_size),
        "ask_size": figures.quantity(tick.ask_size),
        "size": figures.quantity(tick.size),
        "volume": figures.quantity(tick.volume),
        "open": figures.price(tick.open, digits),
        "low": figures.price(tick.low, digits),
        "high": figures.price(tick.high, digits),
        "previous": figures.price(tick.previous_close, digits),
        "age": figures.age(age_s),
    }
    found = {name: styles.plain(text, is_current=is_current) for name, text in texts.items()}
    change = figures.signed(tick.change, digits)
    return found | {
        "price": styles.plain(figures.price(tick.price, digits), is_current=is_current, style="bold"),
        "change": styles.move(change, tick.change, is_current=is_current),
        "percent": styles.move(
            figures.percent(tick.change_percent), tick.change_percent, is_current=is_current
        ),
    }
