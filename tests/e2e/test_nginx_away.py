"""Behind nginx when an api goes away: a page comes back by itself, to another api or to the same."""

from __future__ import annotations

import signal
import time
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import Route, async_playwright

from tapecast.simulator.server import SimulatorConfig, simulator
from tests.e2e.chromium import CHROMIUM, QUIET
from tests.e2e.nginx import needs_nginx, nginx
from tests.e2e.page import opened
from tests.e2e.processes import ready, serving, tapecast
from tests.e2e.ticker import Ticker
from tests.support import PATIENCE_S, eventually, free_port, free_socket

pytestmark = [pytest.mark.e2e, needs_nginx]

SYMBOLS = ("AAPL", "BTC/USD")
SSE = {"Accept": "text/event-stream"}
PAGES = 20


async def test_an_absent_api_is_told_so_that_an_eventsource_comes_back() -> None:
    """A stream gets a farewell with a delay and CORS; anybody else a 502 as JSON."""
    async with (
        nginx(free_port()) as front,
        httpx.AsyncClient(base_url=front.base, timeout=PATIENCE_S) as client,
    ):
        answer = await client.get("/api/stream/prices", headers=SSE)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
        assert answer.headers["access-control-allow-origin"] == "*"
        fields = dict(line.split(": ", 1) for line in answer.text.splitlines() if line)
        assert 1000 <= int(fields["retry"]) <= 3000
        assert (fields["event"], '"draining"' in fields["data"]) == ("bye", True)
        answer = await client.get("/prices?symbols=AAPL")
        assert (answer.status_code, answer.json()["error"]["code"]) == (502, "away")
        assert answer.headers["access-control-allow-origin"] == "*"


PAGE = """<!doctype html><title>away</title><script>
const byes = [], ticks = [];
const es = new EventSource('%s');
es.onmessage = (event) => ticks.push(JSON.parse(event.data));
es.addEventListener('bye', (event) => byes.push(event.data));
</script>"""


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH")
async def test_a_page_comes_back_from_an_absent_api(ticker: Ticker, valkey_url: str) -> None:
    """A browser that meets no api behind nginx does not give up, and streams when one is there."""
    port = free_port()

    async def serve(route: Route) -> None:
        await route.fulfill(body=PAGE % ticker.path, content_type="text/html")

    async with nginx(port) as front, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = await browser.new_page()
        await page.route("**/away.html", serve)
        await page.goto(f"{front.base}/away.html")

        async def counts(name: str) -> bool:
            return bool(await page.evaluate(f"{name}.length"))

        await eventually(lambda: counts("byes"), "the farewell")
        async with tapecast("api", "--port", str(port), env={"REDIS_URL": valkey_url}) as api:
            await eventually(lambda: ready(f"http://127.0.0.1:{port}"), "an api")

            async def is_back() -> bool:
                await ticker.publish()
                return await counts("ticks")

            await eventually(is_back, "ticks on the same EventSource")
            assert await api.end() == 0
        await browser.close()


@pytest.mark.long
async def test_one_api_after_the_other_is_replaced(valkey_url: str) -> None:
    """Two apis, one of which ends in order and one is killed: every page goes on, and none is told a 502."""
    async with AsyncExitStack() as stack:
        venue = await stack.enter_async_context(simulator(SimulatorConfig(), free_socket()))
        env = venue.environment() | {"REDIS_URL": valkey_url}
        await stack.enter_async_context(tapecast("ingest", env=env))
        one, other = [await stack.enter_async_context(serving("api", env=env)) for _ in range(2)]
        ports = [urlsplit(api.base).port or 0 for api in (one, other)]
        again = "max_fails=0;"
        both = {again: f"{again}\n    server 127.0.0.1:{ports[1]} {again}"}
        front = await stack.enter_async_context(nginx(ports[0], both))
        pages = [await stack.enter_async_context(opened(front.base, SYMBOLS)) for _ in range(PAGES)]

        async def all_are_live() -> None:
            since = time.time_ns()
            await eventually(lambda: all(page.is_well(since) for page in pages), "all pages are live")

        await all_are_live()
        for api, port, end in ((one, ports[0], signal.SIGTERM), (other, ports[1], signal.SIGKILL)):
            for page in pages:
                page.begin()
            await api.end(end)
            await eventually(lambda: any(page.ends for page in pages), "some had streams there")
            await all_are_live()
            await stack.enter_async_context(tapecast("api", "--port", str(port), env=env))
            await eventually(lambda port=port: ready(f"http://127.0.0.1:{port}"), "it is back")  # type: ignore[misc]
            assert [page.checker.violations for page in pages if page.checker.violations] == []
        # A stream is logged when it has ended.
        assert "GET /stream/prices 200" in front.logs
        assert "GET /stream/prices 502" not in front.logs
