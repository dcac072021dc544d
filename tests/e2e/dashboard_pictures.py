"""Takes the pictures of docs/images anew: `python -m tests.e2e.dashboard_pictures`, in three minutes.

Dark and light on a desk, and a phone: charts of the same simulated market, on which somebody trades.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Literal

import httpx
from playwright.async_api import Browser

from tapecast.bus.embedded import embedded_valkey
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.venue import Simulator
from tests.e2e.chromium import DESK, PHONE, chromium
from tests.e2e.dashboard_screen import Screen
from tests.e2e.pipe import pipe

IMAGES = Path(__file__).parents[2] / "docs" / "images"
LOOKED_S = 170
"""Until sparklines, candles and fills have a shape."""
TRADED = {"AAPL": 5, "NVDA": 10, "BTC/USD": 0.012, "TSLA": 2}
SYMBOLS = ("AAPL", "MSFT", "NVDA", "TSLA", "SPY", "QQQ", "BTC/USD", "ETH/USD")


async def opened(
    browser: Browser, base: str, scheme: Literal["dark", "light"], selected: str, interval: str
) -> Screen:
    """A page on a desk that is live."""
    context = await browser.new_context(viewport=DESK, color_scheme=scheme)
    return await _live(Screen(await context.new_page()), base, selected, interval)


async def in_hand(browser: Browser, base: str, selected: str, interval: str) -> Screen:
    """One on a phone."""
    context = await browser.new_context(
        viewport=PHONE, color_scheme="dark", is_mobile=True, has_touch=True, device_scale_factor=2
    )
    return await _live(Screen(await context.new_page()), base, selected, interval)


async def _live(seen: Screen, base: str, selected: str, interval: str) -> Screen:
    await seen.open(base, *SYMBOLS, selected=selected, interval=interval)
    await seen.says("LIVE")
    return seen


async def trade(venue: Simulator, seconds: float) -> None:
    """Buy and sell a little, and leave two orders open."""
    chance, loop = random.Random(5), asyncio.get_running_loop()
    keys = {"APCA-API-KEY-ID": venue.config.key, "APCA-API-SECRET-KEY": venue.config.secret}
    async with httpx.AsyncClient(base_url=venue.base, headers=keys) as client:

        async def order(symbol: str, side: str, **terms: str) -> None:
            until = "gtc" if "/" in symbol else "day"
            asked = {"symbol": symbol, "side": side, "qty": str(TRADED[symbol]), "time_in_force": until}
            (await client.post("/v2/orders", json=asked | terms)).raise_for_status()

        end, count = loop.time() + seconds, 0
        await order("NVDA", "buy", type="limit", limit_price="150")
        while loop.time() < end:
            await asyncio.sleep(chance.uniform(5, 13))
            symbol = ("AAPL", "BTC/USD", "AAPL", "NVDA", "TSLA")[count % 5]
            await order(symbol, "buy" if chance.random() < 0.5 else "sell", type="market")
            count += 1
        await order("AAPL", "sell", type="limit", limit_price="301.50")


async def main() -> None:
    """The command."""
    IMAGES.mkdir(exist_ok=True)
    async with (
        embedded_valkey() as store,
        pipe(store.url, SimulatorConfig(), PUBLIC="positions") as running,
        chromium() as browser,
    ):
        pages = {
            "dashboard-dark": await opened(browser, running.base, "dark", "AAPL", "5s"),
            "dashboard-light": await opened(browser, running.base, "light", "BTC/USD", "1m"),
            "dashboard-phone": await in_hand(browser, running.base, "AAPL", "5s"),
        }
        await trade(running.venue, LOOKED_S)
        await asyncio.sleep(2)
        for name, seen in pages.items():
            await seen.page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    asyncio.run(main())
