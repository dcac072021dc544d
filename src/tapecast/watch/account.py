"""The account: positions at their newest prices, and the totals above them."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from tapecast.client import FeedState, Position, Stream
from tapecast.client.store import CURRENT
from tapecast.refusals import clean
from tapecast.watch import figures, styles
from tapecast.watch.badge import ACCOUNT
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
        """At most `most` rows; the last of several says how many there are besides."""
        held = list(stream.positions.values())
        cut = len(held) > most
        rows = [_row(each) for each in held[: max(1, most - 1) if cut else most]]
        if not self._columns.shows("state", rows, width):
            rows = [styles.marked(row) for row in rows]
        if cut and most > 1:
            rows.append({"symbol": Text(f"… {len(held) - most + 1} more", "dim")})
        return self._columns.table(rows, width)


def totals(stream: Stream) -> Text:
    """Equity and what the day has made of it, or that they are not known yet."""
    held = stream.portfolio
    if held is None:
        return Text("account: not known yet", "dim")
    is_believed = is_current(stream)
    parts = [
        styles.plain(f"equity {figures.price(held.equity)}", is_current=is_believed, style="bold"),
        styles.move(f"day {figures.signed(held.day_pl)}", held.day_pl, is_current=is_believed),
        styles.move(f"({figures.fraction(held.day_plpc)})", held.day_pl, is_current=is_believed),
        styles.plain(f"cash {figures.price(held.cash)}", is_current=is_believed),
        styles.plain(f"buying power {figures.price(held.buying_power)}", is_current=is_believed),
    ]
    if held.stale:
        parts.insert(3, Text(f"{len(held.stale)} not current", "bold yellow"))
    return Text("  ").join(parts)


def is_current(stream: Stream) -> bool:
    """Whether positions and totals may be taken for the present ones."""
    feed, held = stream.feeds.get(ACCOUNT), stream.portfolio
    if feed is None or feed.state is not FeedState.LIVE or held is None or held.stale:
        return False
    return stream.account is not None and all(each.state in CURRENT for each in stream.positions.values())


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
