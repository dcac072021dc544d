"""The dashboard in a real browser, on a real server with simulated prices."""

from __future__ import annotations

import signal

import pytest
from playwright.async_api import Locator, ViewportSize, expect

from tapecast.simulator.server import SimulatorConfig, simulator
from tests.e2e.chromium import DESK, PHONE
from tests.e2e.dashboard_load import run
from tests.e2e.dashboard_screen import MARKS, PATIENT_MS, screen
from tests.e2e.processes import ready, serving, status, tapecast
from tests.support import eventually, free_socket

pytestmark = MARKS
OPTION = "AAPL261218C00250000"


async def test_prices_move_and_nothing_is_asked_of_anybody_else() -> None:
    """LIVE and SIMULATED, side by side; no complaint in the console, no request that leaves the machine."""
    async with serving("up") as up, screen() as seen:
        await seen.open(up.base)
        await seen.is_current("AAPL")
        await expect(seen.page.get_by_text("SIMULATED", exact=True)).to_be_visible()
        await seen.moves("BTC/USD")


async def test_the_badge_is_stale_while_the_worker_is_dead(valkey_url: str) -> None:
    """Killed, not stopped: STALE within seconds, in words too, and LIVE again with the next worker."""
    async with simulator(SimulatorConfig(), free_socket()) as venue:
        env = venue.environment() | {"REDIS_URL": valkey_url, "SYMBOLS": "AAPL,BTC/USD"}
        async with serving("api", env=env) as api, screen() as seen:
            async with tapecast("ingest", env=env) as worker:
                await seen.open(api.base)
                await seen.is_current("AAPL")
                await worker.end(signal.SIGKILL)
            await seen.says("STALE", "the worker has fallen silent")
            await expect(seen.page.locator("tbody .badge.live")).to_have_count(0, timeout=PATIENT_MS)
            await expect(seen.page).to_have_title("STALE · tapecast", timeout=PATIENT_MS)
            async with tapecast("ingest", env=env):
                await seen.is_current("AAPL")


async def test_the_page_comes_back_with_the_server(valkey_url: str) -> None:
    """Nothing on it passes for current while nobody answers."""
    async with screen(trouble=True) as seen, simulator(SimulatorConfig(), free_socket()) as venue:
        env = venue.environment() | {"REDIS_URL": valkey_url, "SYMBOLS": "AAPL"}
        async with tapecast("ingest", env=env):
            async with serving("api", env=env) as api:
                base = api.base
                await seen.open(base)
                await seen.is_current("AAPL")
                await api.end(signal.SIGKILL)
            await seen.says("RECONNECTING", "The server does not answer", "Nothing below is current")
            await expect(seen.page.locator(".badge.live")).to_have_count(0, timeout=PATIENT_MS)
            async with tapecast("api", "--port", base.rsplit(":", 1)[1], env=env):
                await eventually(lambda: ready(base), "the api is back")
                await seen.is_current("AAPL")


async def test_a_phone_sees_it_all_without_scrolling_sideways() -> None:
    """390 px wide, in the system's light colours; a finger starts and stops it, the chart included."""
    phone = screen(PHONE, has_touch=True, is_mobile=True, color_scheme="light")
    async with serving("up") as up, phone as seen:
        await seen.open(up.base)
        await seen.says("LIVE")
        await expect(seen.page.locator(".plot canvas").first).to_be_visible(timeout=PATIENT_MS)
        await expect(seen.position("AAPL")).to_be_visible(timeout=PATIENT_MS)
        await expect(seen.page.get_by_text("TradingView")).to_be_visible()
        await seen.fits(PHONE["width"])
        await seen.page.get_by_role("button", name="Stop the stream").tap()
        await seen.says("STOPPED")
        await expect(seen.page.locator(".badge.live")).to_have_count(0, timeout=PATIENT_MS)
        await expect(seen.page.get_by_text("SIMULATED", exact=True)).to_be_visible()
        await eventually(lambda: _nobody_listens(up.base), "all of its streams are closed")
        await seen.page.get_by_role("button", name="Start the stream").tap()
        await seen.is_current("AAPL")
        await seen.fits(PHONE["width"])


async def _nobody_listens(base: str) -> bool:
    return bool((await status(base))["stream_count"] == 0)


async def test_it_works_from_the_keyboard() -> None:
    """Add with `/`, walk with arrows, remove; the list is there again after a reload."""
    async with serving("up") as up, screen() as seen:
        page = seen.page
        await seen.open(up.base)
        await seen.says("LIVE")
        await page.keyboard.press("/")
        await page.keyboard.type("tsla, no-such")
        await page.keyboard.press("Enter")
        await expect(seen.panel("Chart of TSLA")).to_be_visible()
        await seen.moves("TSLA")
        refused = seen.row("NO-SUCH")
        await expect(refused).to_contain_text("refused", timeout=PATIENT_MS)
        await expect(refused).to_contain_text("no such symbol")
        await seen.says("LIVE")
        await page.get_by_role("button", name="Show TSLA").first.focus()
        await page.keyboard.press("ArrowDown")
        await expect(seen.panel("Chart of NO-SUCH")).to_be_visible()
        await page.keyboard.press("Delete")
        await expect(refused).to_have_count(0)
        await page.reload()
        await expect(seen.row("TSLA")).to_be_visible()
        await seen.is_current("TSLA")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
async def test_no_symbol_pushes_the_states_out(size: ViewportSize) -> None:
    """The longest kind is cut, and told in a title; every row's state and button stay in sight."""
    async with serving("up") as up, screen(size) as seen:
        await seen.open(up.base, "AAPL", OPTION, "BTC/USD")
        await seen.is_current(OPTION)
        await expect(seen.row(OPTION).get_by_role("button", name="Show")).to_have_attribute("title", OPTION)
        cells = [".state .badge", ".remove button", *([] if size is PHONE else ["[data-testid=age]"])]
        for symbol in ("AAPL", OPTION, "BTC/USD"):
            for cell in cells:
                await _is_in_sight(seen.row(symbol).locator(cell), seen.panel("Watchlist"))
        await seen.fits(size["width"])
        field = seen.page.get_by_label("Add symbols")
        await field.fill("A" * 500)
        await field.press("Enter")
        await expect(seen.panel("Watchlist").get_by_role("alert")).to_contain_text("Too long")
        await expect(seen.panel("Watchlist").locator("tr[data-symbol]")).to_have_count(3)


async def _is_in_sight(cell: Locator, panel: Locator) -> None:
    """Wait until all of its width is within the panel's, and nothing is over it."""

    async def in_sight() -> bool:
        inner, outer = await cell.bounding_box(), await panel.bounding_box()
        return (
            inner is not None
            and outer is not None
            and inner["x"] + inner["width"] <= outer["x"] + outer["width"]
            and await cell.evaluate(
                "it => { const {x, y, width, height} = it.getBoundingClientRect();"
                " return it.contains(document.elementFromPoint(x + width - 1, y + height / 2)) }"
            )
        )

    await eventually(in_sight, f"{cell} is in sight")


# With a machine's other work beside it, its limits could fail by chance.
@pytest.mark.long
async def test_five_hundred_busy_symbols_are_no_burden(valkey_url: str) -> None:
    """A short form of `dashboard_load`; the limits of its five minutes, with room for what else runs here."""
    found = await run(valkey_url, count=500, rate=10, seconds=10)
    assert found.scripting < 0.3
    assert found.longest_task_cpu_ms < 50
    assert found.heap_mb[-1] < 1.5 * found.heap_mb[0] + 2
    assert found.rows_drawn < 100
