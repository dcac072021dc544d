"""What the dashboard says when something is wrong: words of its own for each, and it comes back by itself.

The browser itself writes a line to the console for each request that fails; nothing else may be there.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import httpx
from playwright.async_api import Locator, Route, expect
from playwright.async_api import TimeoutError as TooLate

from tapecast.simulator.config import SimulatorConfig
from tests.e2e.dashboard_screen import MARKS, PATIENT_MS, Screen, screen
from tests.e2e.pipe import BRIEF, pipe

pytestmark = MARKS
TOKEN = "a-token-that-is-long-enough"
STREAM = "**/stream?*"
LIVES_S = (4, 8, 16, 32)
"""Of short tickets: the first that lasts until it has been seen to work, however busy this machine is."""


async def ticket(base: str, ttl_s: int) -> str:
    """One that opens all, for so long."""
    async with httpx.AsyncClient(base_url=base) as client:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = await client.post("/tickets", headers=headers, json={"ttl_s": ttl_s})
        return answer.raise_for_status().text


async def opened(seen: Screen, field: Locator, base: str) -> None:
    """Paste a ticket that will soon be over. The page was LIVE with a position by it."""
    shown = seen.page.locator("body").filter(has=seen.badge.filter(has_text="LIVE"))
    shown = shown.filter(has=seen.position("AAPL"))
    for ttl_s in LIVES_S:
        # As soon as the page asks for one.
        await field.fill(await ticket(base, ttl_s), timeout=PATIENT_MS)
        await field.press("Enter")
        with suppress(TooLate):
            return await shown.wait_for(timeout=1000 * ttl_s)
    raise AssertionError(f"nothing was shown within {LIVES_S[-1]} s")


BYE = 'retry: 300\n\nevent: bye\ndata: {"code": "cache_unavailable", "message": ""}\n\n'
ANSWERS = [
    (404, "text/html", "<h1>nothing here</h1>", "REFUSED", "no tapecast at this address"),
    (200, "text/html", "<h1>another site</h1>", "REFUSED", "no tapecast at this address"),
    (503, "text/html", "<h1>no upstream</h1>", "RECONNECTING", "answers with HTTP 503"),
    (200, "text/event-stream", BYE, "RECONNECTING", "The server has lost Redis"),
]
"""Of a proxy or another server; the badge, and the words, for each."""


def answering(status: int, kind: str, body: str) -> Callable[[Route], Awaitable[None]]:
    """Answers so in the server's place."""

    async def answer(route: Route) -> None:
        await route.fulfill(status=status, content_type=kind, body=body)

    return answer


async def test_another_answer_than_a_stream(valkey_url: str) -> None:
    """It is named, nothing is LIVE, and the page is back with the server, a minute later at most."""
    async with pipe(valkey_url, PUBLIC="positions") as running, screen(trouble=True) as seen:
        await seen.page.clock.install()
        for status, kind, body, word, words in ANSWERS:
            await seen.page.route(STREAM, answering(status, kind, body))
            await seen.open(running.base, "AAPL")
            await seen.says(word, words)
            await expect(seen.page.locator(".badge.live")).to_have_count(0, timeout=PATIENT_MS)
            await seen.page.unroute(STREAM)
            await seen.page.clock.fast_forward(120_000)
            await seen.is_current("AAPL")


async def sleeps(seen: Screen) -> None:
    """Let an hour pass at once; again, where a price came just then and proved the stream to be alive."""
    for _ in range(10):
        await seen.page.clock.fast_forward(3_600_000)
        with suppress(AssertionError):
            await expect(seen.badge).to_contain_text("RECONNECTING", timeout=5_000)
            return


async def test_hours_of_sleep(valkey_url: str) -> None:
    """On waking nothing of before passes for current, whether the network is gone or slow; then all is."""
    there = asyncio.Event()

    async def hold(route: Route) -> None:
        await there.wait()
        await route.continue_()

    async with pipe(valkey_url, PUBLIC="positions") as running, screen(trouble=True) as seen:
        await seen.page.clock.install()
        await seen.open(running.base, "AAPL")
        await seen.is_current("AAPL")
        await seen.context.set_offline(True)
        await sleeps(seen)
        await seen.says("RECONNECTING", "Nothing below is current")
        await expect(seen.page.locator("tbody .badge.live")).to_have_count(0, timeout=PATIENT_MS)
        await seen.context.set_offline(False)
        await seen.is_current("AAPL")
        await seen.page.route(STREAM, hold)
        await sleeps(seen)
        await seen.says("RECONNECTING", "this machine may have slept")
        await expect(seen.page.locator("tbody .badge.live")).to_have_count(0, timeout=PATIENT_MS)
        there.set()
        await seen.is_current("AAPL")
        # By its own clock two hours have passed, by the server's a moment: ages are by the server's.
        await expect(seen.row("AAPL").get_by_test_id("age")).to_have_text("0s", timeout=PATIENT_MS)


async def test_a_ticket_that_is_missing_and_one_that_expires(valkey_url: str) -> None:
    """Asked for in words, pasted, soon over, and with another one LIVE again; never in the address."""
    async with pipe(valkey_url, API_TOKEN=TOKEN) as running, screen(trouble=True) as seen:
        field = seen.notice.get_by_label("Ticket")
        await seen.open(running.base, "AAPL")
        await seen.says("REFUSED", "This server wants a ticket")
        await field.fill("nonsense")
        await field.press("Enter")
        await seen.says("REFUSED", "does not take this ticket")
        await opened(seen, field, running.base)
        await seen.says("REFUSED", "The ticket has expired")
        await expect(seen.page.locator(".badge.live")).to_have_count(0, timeout=PATIENT_MS)
        last = await ticket(running.base, 3600)
        await field.fill(last)
        await field.press("Enter")
        await seen.is_current("AAPL")
        await expect(seen.position("AAPL")).to_be_visible(timeout=PATIENT_MS)
        text = json.loads(last)["ticket"]
        assert text not in seen.page.url
        assert text in await seen.page.evaluate("JSON.stringify({...sessionStorage})")
        assert text not in await seen.page.evaluate("JSON.stringify({...localStorage})")


async def test_prices_outlive_the_ticket_that_they_do_not_need(valkey_url: str) -> None:
    """It was for the account: this closes with it, by itself, and says how it opens."""
    async with (
        pipe(valkey_url, API_TOKEN=TOKEN, PUBLIC="prices,status") as running,
        screen(trouble=True) as seen,
    ):
        await seen.open(running.base, "AAPL")
        await seen.is_current("AAPL")
        field = seen.panel("Account").get_by_label("Ticket")
        await opened(seen, field, running.base)
        await expect(seen.panel("Account")).to_contain_text("opens with a ticket", timeout=PATIENT_MS)
        await seen.is_current("AAPL")


async def test_a_symbol_without_room_comes_in_by_itself(valkey_url: str) -> None:
    """It is refused with its reason while the other one goes on, and LIVE when that leaves."""
    config = SimulatorConfig(symbol_limit=1)
    async with (
        pipe(valkey_url, config, SYMBOL_LIMIT="1") as running,
        screen() as seen,
    ):
        await seen.open(running.base, "AAPL")
        await seen.is_current("AAPL")
        await seen.page.get_by_label("Add symbols").fill("msft, ???")
        await seen.page.keyboard.press("Enter")
        refused = seen.row("MSFT").locator(".state")
        await expect(refused).to_contain_text("the plan's symbols are all taken", timeout=PATIENT_MS)
        await expect(seen.row("???").locator(".state")).to_contain_text("no such symbol", timeout=PATIENT_MS)
        await seen.says("LIVE")
        await seen.row("AAPL").get_by_role("button", name="Remove").click()
        await expect(refused).to_have_text("live", timeout=PATIENT_MS)
        await seen.moves("MSFT")


async def test_a_closed_market_opens(valkey_url: str) -> None:
    """CLOSED with the last prices, in words; LIVE by itself when the venue's clock says so.

    Nobody may see the account here: that is explained, and not asked for.
    """
    limits = replace(BRIEF, clock_every_s=1.0)
    async with (
        pipe(valkey_url, SimulatorConfig(market_open=False), limits=limits) as running,
        screen() as seen,
    ):
        await seen.open(running.base, "AAPL", "SPY")
        await seen.says("CLOSED", "the last prices stand")
        await expect(seen.row("AAPL").get_by_test_id("last")).not_to_be_empty(timeout=PATIENT_MS)
        running.venue.market.is_open = True
        await seen.is_current("AAPL")
        await expect(seen.panel("Account")).to_contain_text("The account is private here")
        assert not [url for url in seen.watched.asked if "positions" in url]
