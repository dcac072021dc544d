"""A real browser: a page with nothing but `new EventSource` and `onmessage`."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, Route

from tapecast.simulator.server import SimulatorConfig, simulator
from tests.e2e.chromium import NEEDED, Watched, chromium
from tests.e2e.processes import ready, serving, tapecast
from tests.support import eventually, free_socket

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    NEEDED,
]

PAGE = """<!doctype html><title>plain</title><script>
const ticks = [];
const es = new EventSource('/stream/prices?symbols=AAPL');
es.onmessage = (event) => ticks.push(JSON.parse(event.data));
</script>"""


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """An empty page of a headless Chromium."""
    async with chromium() as browser:
        yield await browser.new_page()


async def _open(page: Page, base: str) -> None:
    """Open PAGE as if the api's own origin served it."""

    async def serve(route: Route) -> None:
        await route.fulfill(body=PAGE, content_type="text/html")

    await page.route("**/plain.html", serve)
    await page.goto(f"{base}/plain.html")


async def _count(page: Page) -> int:
    return int(await page.evaluate("ticks.length"))


async def test_a_plain_page_gets_prices_and_is_back_after_the_api_was_restarted(
    page: Page, valkey_url: str
) -> None:
    """No library, no retry code: `onmessage` goes on by itself over a restart of the api."""
    async with simulator(SimulatorConfig(), free_socket()) as venue:
        env = venue.environment() | {"REDIS_URL": valkey_url}
        async with tapecast("ingest", env=env):
            async with serving("api", env=env) as api:
                base = api.base
                await _open(page, base)

                async def priced() -> bool:
                    return await _count(page) >= 3

                await eventually(priced)
                assert (await page.evaluate("ticks[0]"))["symbol"] == "AAPL"
                assert await api.end(signal.SIGTERM) == 0
            before = await _count(page)
            async with tapecast("api", "--port", base.rsplit(":", 1)[1], env=env) as again:
                await eventually(lambda: ready(base), lambda: f"the api is back: {again.output}")

                async def back() -> bool:
                    return await _count(page) > before

                await eventually(back, "prices after the restart")


async def test_the_page_that_we_serve_shows_live_prices(page: Page) -> None:
    """Built or not, `/` is a watchlist that moves, says SIMULATED, and logs no complaint."""
    watched = Watched()
    watched.watch(page)
    async with serving("up") as up:
        await page.goto(up.base)
        body = page.locator("body")

        async def shown() -> bool:
            text = await body.inner_text()
            return "SIMULATED" in text and "AAPL" in text and "LIVE" in text.upper().replace("SIMULATED", "")

        await eventually(shown)
        assert watched.complaints == []
        assert watched.strangers(up.base) == []
