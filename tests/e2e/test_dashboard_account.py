"""The account on the dashboard: orders by alpaca-py's own client, and figures as the server says them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from alpaca.trading.enums import OrderSide, TimeInForce
from alpaca.trading.requests import LimitOrderRequest, MarketOrderRequest
from playwright.async_api import expect

from tapecast.market import parse_rfc3339
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.paths import TRADING_PATH
from tests.e2e.account_page import AccountPage
from tests.e2e.dashboard_screen import MARKS, PATIENT_MS, Screen, screen
from tests.e2e.pipe import Pipe, pipe
from tests.e2e.processes import streaming
from tests.simulator.paper.desk import Trader, trading_client
from tests.support import eventually

pytestmark = MARKS
S = 10**9


@dataclass
class Floor:
    """A pipe with somebody who trades, the account as the wire tells it, and the page."""

    pipe: Pipe
    trader: Trader
    wire: AccountPage
    seen: Screen

    async def order(self, side: OrderSide, qty: float, limit: float | None = None) -> Any:
        """An order for AAPL, at a limit or at the market."""
        terms: dict[str, Any] = {
            "symbol": "AAPL", "qty": qty, "side": side, "time_in_force": TimeInForce.DAY,
        }  # fmt: skip
        request = (
            MarketOrderRequest(**terms) if limit is None else LimitOrderRequest(**terms, limit_price=limit)
        )
        return await self.trader("submit_order", request)

    async def shows(self, order: Any, *cells: str) -> None:
        """Wait for an order's line: symbol, order, filled, at, status."""
        line = self.seen.panel("Recent orders").locator(f'tr[data-order="{order.id}"]').locator("th, td")
        for place, text in enumerate(cells):
            await expect(line.nth(place)).to_have_text(text, timeout=PATIENT_MS)

    async def figures(self) -> None:
        """Wait until the page's figures of AAPL and of the portfolio are those of the wire."""
        cells = self.seen.position("AAPL").locator("td")
        totals = self.seen.panel("Positions").locator("dl.strip div")
        told: dict[str, str] = {}
        shown: dict[str, str] = {}

        async def equal() -> bool:
            nonlocal told, shown
            told = _row(self.wire.positions["AAPL"]) | _strip(self.wire.portfolio)
            names = ("qty", "entry", "price", "value", "profit", "percent", "today")
            shown = dict(zip(names, await cells.all_inner_texts(), strict=True))
            for text in await totals.all_text_contents():
                name = next(
                    each
                    for each in ("Equity", "Today", "Open P/L", "Cash", "Buying power")
                    if text.startswith(each)
                )
                shown[name] = text.removeprefix(name)
            return shown == told

        try:
            await eventually(equal, "the page's figures are the wire's")
        except AssertionError as error:
            raise AssertionError(f"{shown} is not {told}") from error


def _money(value: Decimal, *, sign: bool = False) -> str:
    cents = value.quantize(Decimal("0.01"), ROUND_HALF_UP)
    text = f"{cents:+,}" if sign and cents else f"{cents:,}"
    return text.replace("-", "\N{MINUS SIGN}")


def _percent(fraction: Decimal) -> str:
    return _money(100 * fraction, sign=True) + "%"


def _exact(value: Decimal) -> str:
    text = f"{value.normalize():f}"
    digits = max(2, len(text.partition(".")[2]))
    return f"{value:,.{digits}f}"


def _row(position: dict[str, Any]) -> dict[str, str]:
    return {
        "qty": f"{position['qty'].normalize():,f}",
        "entry": _exact(position["avg_entry_price"]),
        "price": _exact(position["current_price"]),
        "value": _money(position["market_value"]),
        "profit": _money(position["unrealized_pl"], sign=True),
        "percent": _percent(position["unrealized_plpc"]),
        "today": _money(position["unrealized_intraday_pl"], sign=True),
    }


def _strip(portfolio: dict[str, Any]) -> dict[str, str]:
    return {
        "Equity": _money(portfolio["equity"]),
        "Today": f"{_money(portfolio['day_pl'], sign=True)} {_percent(portfolio['day_plpc'])}",
        "Open P/L": _money(portfolio["unrealized_pl"], sign=True),
        "Cash": _money(portfolio["cash"]),
        "Buying power": _money(portfolio["buying_power"]),
    }


@asynccontextmanager
async def floor(valkey_url: str) -> AsyncIterator[Floor]:
    """All of it, live; nothing prints but what the test prints."""
    async with (
        pipe(valkey_url, SimulatorConfig(still=True), PUBLIC="positions") as running,
        trading_client(running.venue) as trader,
        streaming(f"{running.base}/stream/positions") as stream,
        screen() as seen,
    ):
        wire = AccountPage(stream)
        await wire.is_live()
        await seen.open(running.base, "AAPL", interval="5s")
        await expect(seen.position("AAPL")).to_be_visible(timeout=PATIENT_MS)
        yield Floor(running, trader, wire, seen)
        for event in stream.events:
            _survive(event.data)


def _survive(data: str) -> None:
    """A page reads every number of the account as a double: none may need more digits than that has."""
    lost: list[str] = []

    def read(text: str) -> float:
        if Decimal(repr(float(text))) != Decimal(text):
            lost.append(text)
        return float(text)

    json.loads(data, parse_float=read, parse_int=read)
    assert not lost, lost


async def test_a_fill_is_on_all_of_the_page(valkey_url: str) -> None:
    """The order, the position, the sums to the cent, a mark at its bar; and all of it after a reload."""
    async with floor(valkey_url) as on:
        venue = on.pipe.venue
        await on.figures()
        held = on.wire.qty("AAPL")
        number = venue.trade("AAPL", 270.05)
        venue.quote("AAPL", 270.01, 270.137)
        order = await on.order(OrderSide.BUY, 7)
        line = ("AAPL", "buy 7 market", "7", "270.137", "filled")
        await on.shows(order, *line)
        await expect(on.seen.position("AAPL").get_by_test_id("qty")).to_have_text(f"{held + 7}")
        filled = await on.trader("get_order_by_id", str(order.id))
        start = int(filled.filled_at.timestamp()) // 5 * 5

        async def marked() -> bool:
            bars = await on.seen.bars()
            at = [
                parse_rfc3339(start) // S for start, figures in bars.items() if figures[-1] == "B 7 @ 270.137"
            ]
            begun = [parse_rfc3339(bar) // S for bar in bars]
            return at == [max(each for each in begun if each <= start)]

        await eventually(marked, f"a mark at {start}, after the trade {number}")
        for price in (270.37, 251.5, 300.125):
            venue.trade("AAPL", price)
            await on.wire.prices("AAPL", Decimal(str(price)))
            await on.figures()
        await on.seen.page.reload()
        await on.shows(order, *line)
        await eventually(marked, f"a mark at {start} after a reload")
        await on.figures()


async def test_a_cancelled_order_says_so(valkey_url: str) -> None:
    """It is open until then; the position stays as it is."""
    async with floor(valkey_url) as on:
        order = await on.order(OrderSide.BUY, 3, limit=1.5)
        await on.shows(order, "AAPL", "buy 3 limit 1.50", "0", "", "new")
        open_line = on.seen.panel("Recent orders").locator("tr.open")
        await expect(open_line).to_have_count(1, timeout=PATIENT_MS)
        await on.trader("cancel_order_by_id", str(order.id))
        await on.shows(order, "AAPL", "buy 3 limit 1.50", "0", "", "canceled")
        await expect(open_line).to_have_count(0, timeout=PATIENT_MS)
        await on.figures()


async def test_the_account_says_that_its_stream_is_away(valkey_url: str) -> None:
    """And shows what is known, which a poll keeps; prices are another matter and stay LIVE."""
    async with floor(valkey_url) as on:
        panel, badge = on.seen.panel("Positions"), on.seen.panel("Positions").locator(".bar .badge")
        await expect(badge.first).to_have_text("live", timeout=PATIENT_MS)
        venue, held = on.pipe.venue, on.wire.qty("AAPL")
        venue.faults[TRADING_PATH].upgrade = 503
        venue.drop_sessions(TRADING_PATH)
        await expect(badge.first).to_have_text("reconnecting", timeout=PATIENT_MS)
        await expect(panel).to_contain_text("no order events", timeout=PATIENT_MS)
        await expect(on.seen.position("AAPL").get_by_test_id("qty")).to_have_text(f"{held}")
        await on.seen.says("LIVE")
        venue.clear_faults(TRADING_PATH)
        await expect(badge.first).to_have_text("live", timeout=PATIENT_MS)
        await expect(panel).not_to_contain_text("no order events", timeout=PATIENT_MS)
