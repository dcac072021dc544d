"""The dashboard in a real browser, on a real server with simulated prices."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from importlib.resources import files

import httpx
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tapecast.simulator.server import Simulator, SimulatorConfig, simulator
from tests.e2e.chromium import DESK, NEEDED, PHONE, Watched, chromium
from tests.e2e.dashboard_load import run
from tests.e2e.processes import ready, serving, tapecast
from tests.support import eventually, free_socket

BUILT = (files("tapecast.api") / "static" / "index.html").is_file()

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    NEEDED,
    pytest.mark.skipif(not BUILT, reason="the dashboard has not been built (make dashboard)"),
]
PATIENT_MS = 20_000
# The rest of the page follows the badge within a tenth of a second, on a machine that is not busy.
SOON_MS = 2_000


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


async def says(page: Page, word: str) -> None:
    """Wait for the badge to begin with this word."""
    await expect(badge(page)).to_contain_text(word, timeout=PATIENT_MS)


async def test_the_badge_is_stale_while_the_worker_is_dead(browser: Browser, valkey_url: str) -> None:
    """Killed, not stopped: STALE within seconds, in words too, and LIVE again with the next worker."""
    page = await browser.new_page(viewport=DESK)
    async with simulator(SimulatorConfig(), free_socket()) as venue:
        env = venue.environment() | {"REDIS_URL": valkey_url, "SYMBOLS": "AAPL,BTC/USD"}
        async with serving("api", env=env) as api:
            async with tapecast("ingest", env=env) as worker:
                await page.goto(api.base)
                await says(page, "LIVE")
                await worker.end(signal.SIGKILL)
            await says(page, "STALE")
            await expect(page.get_by_role("status")).to_contain_text("the worker has fallen silent")
            await expect(page.locator("tbody .badge.live")).to_have_count(0, timeout=SOON_MS)
            assert await page.title() == "STALE · tapecast"
            async with tapecast("ingest", env=env):
                await says(page, "LIVE")
                await expect(page.get_by_role("status")).to_be_empty()
                await moves(page, "AAPL")


async def test_the_page_comes_back_with_the_server(browser: Browser, valkey_url: str) -> None:
    """Nothing on it passes for current while nobody answers."""
    page = await browser.new_page(viewport=DESK)
    async with simulator(SimulatorConfig(), free_socket()) as venue:
        env = venue.environment() | {"REDIS_URL": valkey_url, "SYMBOLS": "AAPL"}
        async with tapecast("ingest", env=env):
            async with serving("api", env=env) as api:
                base = api.base
                await page.goto(base)
                await says(page, "LIVE")
                await api.end(signal.SIGKILL)
            await says(page, "RECONNECTING")
            await expect(page.get_by_role("status")).to_contain_text("Nothing below is current")
            await expect(page.locator(".badge.live")).to_have_count(0, timeout=SOON_MS)
            async with tapecast("api", "--port", base.rsplit(":", 1)[1], env=env):
                await eventually(lambda: ready(base), "the api is back")
                await says(page, "LIVE")


async def buy(venue: Simulator, symbol: str, qty: int) -> None:
    """As a program with the account's keys does."""
    keys = {"APCA-API-KEY-ID": venue.config.key, "APCA-API-SECRET-KEY": venue.config.secret}
    order = {"symbol": symbol, "qty": str(qty), "side": "buy", "type": "market", "time_in_force": "day"}
    async with httpx.AsyncClient(base_url=venue.base, headers=keys) as client:
        (await client.post("/v2/orders", json=order)).raise_for_status()


async def test_positions_change_after_a_fill(browser: Browser, valkey_url: str) -> None:
    """Bought elsewhere, seen here, and worth another sum with the next price."""
    page = await browser.new_page(viewport=DESK)
    async with simulator(SimulatorConfig(), free_socket()) as venue:
        env = venue.environment() | {
            "REDIS_URL": valkey_url, "SYMBOLS": "AAPL", "PUBLIC": "prices,status,positions",
        }  # fmt: skip
        async with serving("api", env=env) as api, tapecast("ingest", env=env):
            await page.goto(api.base)
            row = page.locator('tr[data-position="AAPL"]')
            await expect(row).to_be_visible(timeout=PATIENT_MS)
            held = float(await row.get_by_test_id("qty").inner_text())
            await buy(venue, "AAPL", 7)
            await expect(row.get_by_test_id("qty")).to_have_text(f"{held + 7:g}", timeout=PATIENT_MS)
            profit = await row.inner_text()

            async def repriced() -> bool:
                return await row.inner_text() != profit

            await eventually(repriced, "another profit")


async def test_a_phone_sees_it_all_without_scrolling_sideways(browser: Browser) -> None:
    """390 px wide, in the system's light colours; a finger starts and stops it."""
    context = await browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True, color_scheme="light")
    page = await context.new_page()
    watched = Watched()
    watched.watch(page)
    async with serving("up") as up:
        await page.goto(up.base)
        await says(page, "LIVE")
        assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        await expect(page.locator(".plot canvas").first).to_be_visible(timeout=PATIENT_MS)
        await expect(page.get_by_text("TradingView")).to_be_visible()
        await page.get_by_role("button", name="Stop the stream").tap()
        await says(page, "STOPPED")
        await expect(page.locator(".badge.live")).to_have_count(0, timeout=SOON_MS)
        await page.get_by_role("button", name="Start the stream").tap()
        await says(page, "LIVE")
        await moves(page, "AAPL")
        assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        assert watched.complaints == []


async def test_it_works_from_the_keyboard(browser: Browser) -> None:
    """Add with `/`, walk with arrows, remove; the list is there again after a reload."""
    page = await browser.new_page(viewport=DESK)
    async with serving("up") as up:
        await page.goto(up.base)
        await says(page, "LIVE")
        await page.keyboard.press("/")
        await page.keyboard.type("tsla, no-such")
        await page.keyboard.press("Enter")
        chart = page.get_by_role("region", name="Chart of TSLA")
        await expect(chart).to_be_visible()
        await moves(page, "TSLA")
        refused = page.locator('tr[data-symbol="NO-SUCH"]')
        await expect(refused).to_contain_text("refused", timeout=PATIENT_MS)
        await expect(refused).to_contain_text("no such symbol")
        await says(page, "LIVE")
        await page.get_by_role("button", name="Show TSLA").first.focus()
        await page.keyboard.press("ArrowDown")
        await expect(page.get_by_role("region", name="Chart of NO-SUCH")).to_be_visible()
        await page.keyboard.press("Delete")
        await expect(refused).to_have_count(0)
        await page.reload()
        await expect(page.locator('tr[data-symbol="TSLA"]')).to_be_visible()
        await says(page, "LIVE")


async def test_a_ticket_opens_the_page_for_this_tab(browser: Browser, valkey_url: str) -> None:
    """Refused in words, then pasted; never in the address, and gone with the tab."""
    token = "a-token-that-is-long-enough"
    page = await browser.new_page(viewport=DESK)
    async with simulator(SimulatorConfig(), free_socket()) as venue:
        env = venue.environment() | {"REDIS_URL": valkey_url, "API_TOKEN": token}
        async with serving("api", env=env) as api, tapecast("ingest", env=env):
            await page.goto(api.base)
            await says(page, "REFUSED")
            await expect(page.get_by_role("status")).to_contain_text("This server wants a ticket")
            async with httpx.AsyncClient(base_url=api.base) as client:
                answer = await client.post("/tickets", headers={"Authorization": f"Bearer {token}"})
            field = page.get_by_role("status").get_by_label("Ticket")
            await field.fill(answer.text)
            await field.press("Enter")
            await says(page, "LIVE")
            await expect(page.locator('tr[data-position="AAPL"]')).to_be_visible(timeout=PATIENT_MS)
            ticket = answer.json()["ticket"]
            assert ticket not in page.url
            assert ticket in await page.evaluate("JSON.stringify({...sessionStorage})")
            assert ticket not in await page.evaluate("JSON.stringify({...localStorage})")


async def test_a_closed_market_is_not_live(browser: Browser, valkey_url: str) -> None:
    """The last prices stand; without the right to it, the account is explained."""
    page = await browser.new_page(viewport=DESK)
    async with simulator(SimulatorConfig(market_open=False), free_socket()) as venue:
        env = venue.environment() | {"REDIS_URL": valkey_url, "SYMBOLS": "AAPL,SPY"}
        async with serving("api", env=env) as api, tapecast("ingest", env=env):
            await page.goto(api.base)
            await says(page, "CLOSED")
            assert await last(page, "AAPL")
            await expect(page.get_by_role("status")).to_contain_text("the last prices stand")
            await expect(page.get_by_text("The account is private here")).to_be_visible()


async def test_five_hundred_busy_symbols_are_no_burden(valkey_url: str) -> None:
    """A short form of `dashboard_load`; the limits of its five minutes, with room for what else runs here."""
    found = await run(valkey_url, count=500, rate=10, seconds=10)
    assert found.scripting < 0.3
    assert found.longest_task_cpu_ms < 50
    assert found.heap_mb[-1] < 1.5 * found.heap_mb[0] + 2
    assert found.rows_drawn < 100
