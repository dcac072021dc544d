"""The account: positions at their newest prices, and the totals above them."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from tapecast.client import Portfolio, Position, Stream
from tapecast.client.failures import clean
from tapecast.client.store import LOST
from tapecast.watch import figures, styles
from tapecast.watch.columns import Column, Columns

COLUMNS = (
    Column("symbol", "POSITION", 0, "left"),
    Column("qty", "QTY", 4),
    Column("price", "PRICE", 5),
    Column("entry", "ENTRY", 8),
    Column("cost", "COST", 9),
    Column("value", "VALUE", 3),
    Column("day", "DAY", 7),
    Column("day_percent", "DAY %", 6),
    Column("profit", "P/L", 1),
    Column("percent", "P/L %", 6),
    Column("age", "AGE", 7),
    Column("state", "STATE", 2, "left"),
)


class Account:
    """The table over its life."""

    def __init__(self) -> None:
        self._columns = Columns(COLUMNS)

    def table(self, stream: Stream, width: int, most: int) -> Table:
        """At most `most` rows; the last one then says how many there are besides."""
        held = list(stream.positions.values())
        cut = len(held) > most
        rows = [_row(each) for each in held[: most - 1 if cut else most]]
        if cut:
            rows.append({"symbol": Text(f"… {len(held) - most + 1} more", "dim")})
        return self._columns.table(rows, width)


def totals(stream: Stream) -> Text:
    """Equity and what the day has made of it, or that they are not known yet."""
    held = stream.portfolio
    if held is None:
        return Text("account: not known yet", "dim")
    is_current = _is_current(stream, held)
    parts = [
        styles.plain(f"equity {figures.price(held.equity)}", is_current=is_current, style="bold"),
        styles.move(f"day {figures.signed(held.day_pl)}", held.day_pl, is_current=is_current),
        styles.move(f"({figures.fraction(held.day_plpc)})", held.day_pl, is_current=is_current),
        styles.plain(f"cash {figures.price(held.cash)}", is_current=is_current),
        styles.plain(f"buying power {figures.price(held.buying_power)}", is_current=is_current),
    ]
    if held.stale:
        parts.insert(3, Text(f"{len(held.stale)} not current", "bold yellow"))
    return Text("  ").join(parts)


def _is_current(stream: Stream, held: Portfolio) -> bool:
    return not held.stale and all(each.reason != LOST for each in stream.feeds.values())


def _row(position: Position) -> dict[str, Text]:
    is_current = position.state in {"live", "closed"}
    price = position.current_price
    age_s = None if position.price_age_ms is None else position.price_age_ms / 1000
    texts = {
        "qty": figures.quantity(position.qty),
        "price": figures.price(price),
        "entry": figures.price(position.avg_entry_price),
        "cost": figures.price(position.cost_basis),
        "value": figures.price(position.market_value, 2),
        "age": figures.age(age_s),
    }
    moves = {
        "day": (figures.signed(position.unrealized_intraday_pl), position.unrealized_intraday_pl),
        "day_percent": (figures.fraction(position.unrealized_intraday_plpc), position.unrealized_intraday_pl),
        "profit": (figures.signed(position.unrealized_pl), position.unrealized_pl),
        "percent": (figures.fraction(position.unrealized_plpc), position.unrealized_pl),
    }
    return (
        {"symbol": Text(clean(position.symbol), "bold"), "state": styles.state(position.state)}
        | {name: styles.plain(text, is_current=is_current) for name, text in texts.items()}
        | {name: styles.move(text, value, is_current=is_current) for name, (text, value) in moves.items()}
    )
