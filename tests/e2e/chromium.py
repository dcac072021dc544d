"""A headless Chromium of this machine, and what a page in it did that it should not."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, ViewportSize, async_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")

NEEDED = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on the PATH (Debian: apt-get install chromium)"
)

# Without these Chromium looks for its maker's hosts at every start.
QUIET = [
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--disable-quic", "--disable-gpu", "--no-sandbox",
]  # fmt: skip

BROWSERS_OWN = ("Failed to load resource: ", "EventSource's response has a ")
"""How Chromium's own words on a request that failed begin. They are in the console whatever a page does."""

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The browser, for the length of the block."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        await browser.close()


@dataclass
class Watched:
    """What a page complained of, and which hosts it asked."""

    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """From now on."""
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def ours(self, *, trouble: bool = False) -> list[str]:
        """The complaints; with `trouble` without those that are the browser's own."""
        return [each for each in self.complaints if not (trouble and each.startswith(BROWSERS_OWN))]

    def strangers(self, base: str = "http://127.0.0.1:") -> list[str]:
        """Requests that left this machine."""
        return [url for url in self.asked if not url.startswith((base, "data:", "blob:"))]
