"""A page that Vite has built, served as files and looked at: prices that move, with their state."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from playwright.async_api import expect

from tests.e2e.chromium import Watched, chromium
from tests.support import PATIENCE_S

PATIENT_MS = 1000 * PATIENCE_S


@contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    """A plain web server for these files; its URL."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


async def shows_live_prices(folder: Path) -> None:
    """The component of the README is in it: it says SIMULATED, AAPL is live, and its price moves."""
    async with chromium() as browser:
        page = await browser.new_page()
        watched = Watched()
        watched.watch(page)
        with serve_folder(folder) as base:
            await page.goto(base)
            await expect(page.get_by_text("SIMULATED")).to_be_visible(timeout=PATIENT_MS)
            row = page.locator("p", has_text="AAPL")
            await expect(row).to_have_text(re.compile(r"^AAPL [\d.]+ live$"), timeout=PATIENT_MS)
            price = (await row.inner_text()).split()[1]
            another = re.compile(rf"^AAPL (?!{re.escape(price)} )[\d.]+ live$")
            await expect(row).to_have_text(another, timeout=PATIENT_MS)
        assert watched.complaints == []
