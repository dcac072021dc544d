"""Compressed streams as real clients read them: every event at once, and a clean end."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import httpx
import pytest
from playwright.async_api import Route, async_playwright

from tapecast.bus.connection import Bus
from tests.api.support import beating
from tests.e2e.chromium import CHROMIUM, QUIET
from tests.e2e.processes import serving
from tests.e2e.ticker import Ticker
from tests.e2e.wire import Heard
from tests.support import PATIENCE_S, eventually

pytestmark = pytest.mark.e2e

SYMBOLS = ("AAPL", "MSFT", "NVDA", "TSLA", "AMZN", "META", "AMD", "INTC")
ROUNDS = 300

Reader = Callable[[str], AsyncGenerator[bytes, None]]


async def curl(url: str) -> AsyncGenerator[bytes, None]:
    """What `curl --compressed` prints; at the end it must be content with what it got."""
    process = await asyncio.create_subprocess_exec(
        "curl", "-sN", "--compressed", url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        while data := await process.stdout.read(65536):
            yield data
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def library(url: str) -> AsyncGenerator[bytes, None]:
    """What httpx hands out, which asks for gzip by itself."""
    async with (
        httpx.AsyncClient(timeout=PATIENCE_S) as client,
        client.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as response,
    ):
        assert response.headers["content-encoding"] == "gzip"
        async for data in response.aiter_bytes():
            yield data


READERS = [
    pytest.param(curl, marks=pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on the PATH")),
    library,
]


@pytest.mark.parametrize("symbols", [SYMBOLS, SYMBOLS[:1]], ids=["deflated", "stored"])
@pytest.mark.parametrize("reader", READERS)
async def test_every_event_arrives_at_once_and_the_end_is_clean(
    reader: Reader, symbols: tuple[str, ...], valkey_url: str, bus: Bus
) -> None:
    """Each update is there before the next is published, in stored blocks and in deflated ones."""
    ticker, heard = Ticker(bus, symbols), Heard()
    async with beating(bus), serving("api", env={"REDIS_URL": valkey_url}) as api:
        await ticker.publish()

        async def read() -> None:
            async with aclosing(reader(api.base + ticker.path)) as body:
                async for data in body:
                    heard.hear(data)

        reading = asyncio.create_task(read())
        try:
            for _ in range(ROUNDS):
                await ticker.reaches(heard)
                await ticker.publish()
            await ticker.reaches(heard)
            assert await api.end() == 0
            async with asyncio.timeout(PATIENCE_S):
                await reading
        finally:
            reading.cancel()
            await asyncio.wait([reading])
    name, data = heard.events[-1]
    assert (name, data["code"], heard.disorder) == ("bye", "draining", [])


PAGE = """<!doctype html><title>gzip</title><script>
const newest = {}, byes = [];
const es = new EventSource('%s');
es.onmessage = (event) => { const tick = JSON.parse(event.data); newest[tick.symbol] = tick.seq; };
es.addEventListener('bye', (event) => byes.push(event.data));
</script>"""


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH")
async def test_a_browser_asks_for_gzip_and_hears_every_event(valkey_url: str, bus: Bus) -> None:
    """The same in Chromium, up to the `bye`, after which it means to come back."""
    ticker = Ticker(bus, SYMBOLS)

    async def serve(route: Route) -> None:
        await route.fulfill(body=PAGE % ticker.path, content_type="text/html")

    async with (
        beating(bus), serving("api", env={"REDIS_URL": valkey_url}) as api, async_playwright() as playwright
    ):  # fmt: skip
        await ticker.publish()
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = await browser.new_page()
        await page.route("**/gzip.html", serve)
        async with page.expect_response(lambda response: "/stream/" in response.url) as opened:
            await page.goto(f"{api.base}/gzip.html")
        assert (await opened.value).headers["content-encoding"] == "gzip"

        async def is_current() -> bool:
            newest = await page.evaluate("newest")
            return all(newest.get(symbol) == ticker.seq for symbol in SYMBOLS)

        for _ in range(30):
            await eventually(is_current)
            await ticker.publish()
        await eventually(is_current)
        assert await api.end() == 0

        async def is_told() -> bool:
            return len(await page.evaluate("byes")) == 1

        await eventually(is_told, "the last words")
        connecting = 0
        assert await page.evaluate("es.readyState") == connecting
        await browser.close()
