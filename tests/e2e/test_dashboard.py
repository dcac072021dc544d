"""The dashboard in a real browser, on a real server with simulated prices."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.resources import files

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.chromium import DESK, NEEDED, Watched, chromium
from tests.e2e.processes import serving
from tests.support import eventually

BUILT = (files("tapecast.api") / "static" / "index.html").is_file()

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    NEEDED,
    pytest.mark.skipif(not BUILT, reason="the dashboard has not been built (make dashboard)"),
]
PATIENT_MS = 20_000


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium."""
    async with chromium() as browser:
        yield browser


def badge(page: Page) -> Locator:
    """The word over all."""
    return page.get_by_test_id("badge")


async def last(page: Page, symbol: str) -> str:
    """The price that a row shows."""
    return await page.locator(f'tr[data-symbol="{symbol}"]').get_by_test_id("last").inner_text()


async def moves(page: Page, symbol: str) -> None:
    """Wait until a price was another."""
    before = await last(page, symbol)

    async def moved() -> bool:
        return await last(page, symbol) not in {before, ""}

    await eventually(moved, f"{symbol} is no longer {before}")


async def test_prices_move_and_nothing_is_asked_of_anybody_else(browser: Browser) -> None:
    """LIVE and SIMULATED, side by side; no complaint in the console, no request that leaves the machine."""
    page = await browser.new_page(viewport=DESK)
    watched = Watched()
    watched.watch(page)
    async with serving("up") as up:
        await page.goto(up.base)
        await expect(badge(page)).to_have_text("LIVE", timeout=PATIENT_MS)
        await expect(page.get_by_text("SIMULATED", exact=True)).to_be_visible()
        for symbol in ("AAPL", "BTC/USD"):
            await moves(page, symbol)
        assert watched.complaints == []
        assert watched.strangers(up.base) == []
        assert watched.asked
