"""What a page of the account shows: each event applied as docs/events.md says, with when it came."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any

from httpx_sse import ServerSentEvent

from tests.e2e.processes import Stream
from tests.support import eventually


class AccountPage:
    """The account as one client of `/stream/positions` sees it."""

    def __init__(self, stream: Stream) -> None:
        self.positions: dict[str, dict[str, Any]] = {}
        self.portfolio: dict[str, Any] = {}
        self.orders: list[dict[str, Any]] = []
        # Order events, each with when it came.
        self.events: list[tuple[float, dict[str, Any]]] = []
        # State and reason of the account, newest last.
        self.states: list[tuple[str, str]] = []
        # Called with each position as it comes.
        self.seen: list[dict[str, Any]] = []
        for event in stream.events:
            self._hear(event)
        stream.hear = self._hear

    def _hear(self, event: ServerSentEvent) -> None:
        data = json.loads(event.data, parse_float=Decimal, parse_int=Decimal)
        match event.event:
            case "positions":
                self.positions = {each["symbol"]: each for each in data["positions"]}
            case "position":
                self.positions[data["symbol"]] = data
                self.seen.append(data)
            case "portfolio":
                self.portfolio = data
            case "orders":
                self.orders = data["orders"]
            case "order":
                self.events.append((time.monotonic(), data))
            case "feed" if data["market"] == "account":
                self.states.append((data["state"], data.get("reason", "")))

    def qty(self, symbol: str) -> Decimal:
        """How much of it is held."""
        return Decimal(self.positions.get(symbol, {}).get("qty", 0))

    def told(self, order_id: object) -> list[str]:
        """The events of one order so far."""
        return [data["event"] for _, data in self.events if data["order"]["id"] == str(order_id)]

    async def is_live(self) -> None:
        """Wait until everything is there and kept up to date."""
        await eventually(lambda: self.states and self.states[-1][0] == "live", "live")
        await eventually(lambda: self.positions and self.portfolio, "positions and portfolio")

    async def hears(self, order_id: object, *events: str) -> None:
        """Wait until these are the events of an order, in this order."""
        await eventually(lambda: self.told(order_id) == [*events], f"{events} of {order_id}")

    async def holds(self, symbol: str, qty: Decimal) -> None:
        """Wait until it shows so much of a symbol."""
        await eventually(lambda: self.qty(symbol) == qty, f"{qty} {symbol}")

    async def prices(self, symbol: str, price: Decimal) -> None:
        """Wait until a position is shown at this price, as a live one."""

        def is_shown() -> bool:
            found = self.positions[symbol]
            return bool(found["current_price"] == price and found["state"] == "live")

        await eventually(is_shown, f"{symbol} live at {price}")
