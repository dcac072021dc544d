"""What the tests of the account share: positions as Alpaca gives them, and who says what became of them.

A `Broker` speaks to a hub on a hand clock, an `Owner` through a real Valkey as ingest does.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tapecast.api.account.numbers import POSITION, with_numbers
from tapecast.api.mailbox import Mailbox
from tapecast.api.view import View
from tapecast.bus.account import after, write_account
from tapecast.bus.codec import AccountChange, AccountImage, Fields
from tapecast.bus.connection import Bus
from tapecast.bus.fence import Fence
from tapecast.bus.lease import Lease
from tapecast.market import FeedState
from tests.api.peer import Event
from tests.api.support import EPOCH, Bench, view_of

AS_OF = "2023-11-14T22:13:20Z"
"""When the hand clock starts."""
LONG: Fields = {
    "symbol": "AAPL", "asset_class": "us_equity", "side": "long", "qty": "10", "avg_entry_price": "150.10",
    "cost_basis": "1501.00", "market_value": "1600.00", "current_price": "160.00", "lastday_price": "155",
    "unrealized_pl": "99.00", "unrealized_plpc": "0.0659560293", "unrealized_intraday_pl": "50.00",
    "unrealized_intraday_plpc": "0.0322580645", "change_today": "0.0322580645",
}  # fmt: skip
SHORT = LONG | {
    "symbol": "TSLA", "side": "short", "qty": "-2", "cost_basis": "-400", "market_value": "-380",
    "unrealized_pl": "20", "unrealized_intraday_pl": "-10", "current_price": "190", "lastday_price": "185",
}  # fmt: skip
OPTION = LONG | {
    "symbol": "AAPL250117C00150000", "asset_class": "us_option", "qty": "1", "cost_basis": "500",
    "market_value": "520", "unrealized_pl": "20", "unrealized_intraday_pl": "5", "current_price": "5.20",
}  # fmt: skip
FIGURES: Fields = {
    "id": "5131a000", "currency": "USD", "status": "ACTIVE", "equity": "10000.00", "last_equity": "9900.00",
    "cash": "8780.00", "buying_power": "17000.00", "long_market_value": "1600.00",
    "short_market_value": "-380.00",
}  # fmt: skip


def image(*positions: Fields, **more: Any) -> AccountImage:
    """The account, well and read when the hand clock started."""
    values: dict[str, Any] = {
        "simulated": False, "account": "PA123", "as_of": AS_OF, "positions": list(positions),
        "portfolio": FIGURES, "state": FeedState.LIVE,
    }  # fmt: skip
    return AccountImage(EPOCH, 1, **values | more)


def numbers(position: Fields) -> Fields:
    """The position with decimals where Alpaca has strings of digits."""
    return with_numbers(position, POSITION)


class Broker:
    """Tells a hub of the account, whole or by changes."""

    def __init__(self, bench: Bench, *positions: Fields, **more: Any) -> None:
        self._bench = bench
        self.image = image(*positions, **more)

    def tell(self, *positions: Fields, age_s: float = 0.0, **more: Any) -> None:
        """The whole image, with these positions if any are given."""
        held: dict[str, Any] = {"positions": list(positions)} if positions else {}
        self.image = msgspec.structs.replace(self.image, seq=self.image.seq + 1, **held | more)
        self._bench.hub.on_account(self.image, None, age_s)

    def change(self, **what: Any) -> None:
        """The next change."""
        change = AccountChange(self.image.epoch, self.image.seq + 1, **what)
        self.image = after(self.image, change)
        self._bench.hub.on_account(self.image, change, 0.0)

    def order(self, number: int, event: str = "new", **more: Any) -> None:
        """An order event."""
        self.change(
            order={"event": event, "order": {"id": f"o{number}", "status": event, "qty": "10"}} | more
        )


class Owner:
    """Writes the account into Redis, as the ingest that holds its lease does."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.lease = Lease(bus, "account", "ingest-1")
        self._fence = Fence(bus, self.lease)
        self.image = image()

    async def begin(self, *positions: Fields, **more: Any) -> None:
        """Take the lease, and write the whole image."""
        await self.lease.acquire()
        self.image = msgspec.structs.replace(self.image, positions=list(positions), **more)
        await self._write(AccountChange(self.image.epoch, self.image.seq, positions=list(positions)))

    async def change(self, **what: Any) -> None:
        """Write the next change."""
        change = AccountChange(self.image.epoch, self.image.seq + 1, **what)
        self.image = after(self.image, change)
        await self._write(change)

    async def _write(self, change: AccountChange) -> None:
        await write_account(self._bus, self._fence, self.image, [change])


def reader(bench: Bench) -> View:
    """A view of the account."""
    view = view_of(bench.dispatcher)
    bench.hub.book.add(view)
    return view


def seated(bench: Bench) -> Mailbox:
    """What a client of the account gets that takes nothing of it yet."""
    view = reader(bench)
    bench.hub.book.introduce(view.mailbox)
    return view.mailbox


def of(events: list[Event], name: str) -> list[Any]:
    """The data of the events of this name."""
    return [data for kind, data in events if kind == name]


class Page:
    """What a client makes of the events: all that it was told, folded as the docs say."""

    def __init__(self) -> None:
        self.positions: dict[str, dict[str, Any]] = {}
        self.totals: dict[str, Any] = {}
        self.orders: dict[str, dict[str, Any]] = {}
        self.feed: dict[str, Any] = {}
        # Order events as they came, and how often a list of all did.
        self.events: list[dict[str, Any]] = []
        self.lists = 0

    def take(self, name: str, data: dict[str, Any]) -> None:
        """The next event."""
        if name == "feed" and data["market"] == "account":
            self.feed = data
        elif name == "positions":
            self.positions = {each["symbol"]: each for each in data["positions"]}
        elif name == "position":
            assert data["symbol"] in self.positions, "one that was never listed, or is closed"
            self.positions[data["symbol"]] = data
        elif name == "portfolio":
            self.totals = data
        elif name == "orders":
            self.orders = {each["id"]: each for each in data["orders"]}
            self.lists += 1
        elif name == "order":
            self.orders[data["order"]["id"]] = data["order"]
            self.events.append(data)
