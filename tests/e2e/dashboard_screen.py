"""The dashboard as somebody sees it: one page in a real browser, and what it complained of."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Locator, Page, ViewportSize, expect

from tests.e2e.chromium import DESK, NEEDED, Watched, chromium
from tests.support import PATIENCE_S, eventually

BUILT = (files("tapecast.api") / "static" / "index.html").is_file()
MARKS = [
    pytest.mark.e2e,
    pytest.mark.browser,
    NEEDED,
    pytest.mark.skipif(not BUILT, reason="the dashboard has not been built (make dashboard)"),
]
PATIENT_MS = 1000 * PATIENCE_S
"""Only a test that fails waits for so long."""


class Screen:
    """One page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.watched = Watched()
        self.watched.watch(page)

    @property
    def context(self) -> BrowserContext:
        """The page's own cookies, storage and network."""
        return self.page.context

    @property
    def badge(self) -> Locator:
        """The word over all."""
        return self.page.get_by_test_id("badge")

    @property
    def notice(self) -> Locator:
        """What is wrong, in words."""
        return self.page.get_by_role("status")

    def row(self, symbol: str) -> Locator:
        """A symbol's line of the watchlist."""
        return self.page.locator(f'tr[data-symbol="{symbol}"]')

    def position(self, symbol: str) -> Locator:
        """A symbol's line of the positions."""
        return self.page.locator(f'tr[data-position="{symbol}"]')

    def panel(self, name: str) -> Locator:
        """A part of the page."""
        return self.page.get_by_role("region", name=name)

    async def open(self, base: str, *symbols: str, **chosen: Any) -> None:
        """Go there, with these symbols watched, and other choices of an earlier visit."""
        kept = {"symbols": list(symbols), **chosen} if symbols else chosen
        for name, value in kept.items():
            text = json.dumps(json.dumps(value))
            # Not after a reload: then it is the page's own.
            await self.page.add_init_script(
                f"localStorage['tapecast.{name}'] ??= {text}"  # each context has a storage of its own
            )
        await self.page.goto(base)

    async def says(self, word: str, *words: str) -> None:
        """Wait for the badge, and for what the line below it explains."""
        await expect(self.badge).to_contain_text(word, timeout=PATIENT_MS)
        for each in words:
            await expect(self.notice).to_contain_text(each, timeout=PATIENT_MS)

    async def price(self, symbol: str) -> str:
        """What a row shows now."""
        return await self.row(symbol).get_by_test_id("last").inner_text(timeout=PATIENT_MS)

    async def moves(self, symbol: str) -> None:
        """Wait until a price was another."""
        before = await self.price(symbol)

        async def moved() -> bool:
            return await self.price(symbol) not in {before, ""}

        await eventually(moved, f"{symbol} is no longer {before}")

    async def is_current(self, symbol: str) -> None:
        """Wait until all is well: nothing is explained, and prices move."""
        await self.says("LIVE")
        await expect(self.notice).to_be_empty(timeout=PATIENT_MS)
        await self.moves(symbol)

    async def fits(self, width: int) -> None:
        """Wait until nothing is wider than the screen."""

        async def fitting() -> bool:
            return bool(await self.page.evaluate("document.documentElement.scrollWidth") == width)

        await eventually(fitting, f"{width} px")

    async def bars(self) -> dict[str, list[str]]:
        """The candles that the chart has: open, high, low, close, volume and own fills by start."""
        found: list[list[str]] = await self.page.get_by_test_id("bars").locator("tbody tr").evaluate_all(
            "rows => rows.map(row => [row.querySelector('time').dateTime,"
            " ...[...row.querySelectorAll('td')].map(cell => cell.textContent)])"
        )  # fmt: skip
        return {start: figures for start, *figures in found}


@asynccontextmanager
async def screen(
    size: ViewportSize = DESK, *, trouble: bool = False, **context: Any
) -> AsyncIterator[Screen]:
    """A page of a browser of its own, which asks nobody but this machine and complains of nothing.

    `trouble`: the browser itself may write to the console that a request failed, which no page can prevent.
    """
    async with chromium() as browser:
        there = await browser.new_context(viewport=size, **context)
        seen = Screen(await there.new_page())
        yield seen
        complaints, strangers = seen.watched.ours(trouble=trouble), seen.watched.strangers()
        assert not complaints, complaints
        assert not strangers, strangers
        assert seen.watched.asked
