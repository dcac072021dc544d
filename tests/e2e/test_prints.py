"""Conditions, late prints, corrections, cancels, odd quotes, bad messages, old seeds: what a page gets."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from tapecast.simulator.bad import Bad
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.paths import STOCK_PATH
from tests.e2e.pipe import BRIEF, Pipe, pipe
from tests.e2e.prints import BASE, PRINTS, SECOND, PrintCase, Tape, traded_ns
from tests.e2e.processes import Stream
from tests.support import eventually

pytestmark = pytest.mark.e2e

AFTER = 200.0
"""A plain trade that ends a case."""
SOON = replace(BRIEF, backoff_first_s=0.2, backoff_cap_s=0.2)
# Each goes in one frame between two good trades, and is counted as this; news are known, and not carried.
MESSAGES = {
    Bad.NOT_A_MAP: "shape",
    Bad.UNKNOWN_TYPE: "type",
    Bad.MISSING_FIELDS: "price",
    Bad.NAN: "price",
    Bad.NEGATIVE: "price",
    Bad.ZERO: "price",
    Bad.WRONG_TYPES: "price",
    Bad.HUGE: None,
}


@asynccontextmanager
async def still(valkey_url: str, *symbols: str) -> AsyncIterator[tuple[Pipe, Stream]]:
    """A pipe on a market that stands still, and a page on it, all of whose symbols are live."""
    async with (
        pipe(valkey_url, SimulatorConfig(still=True), limits=SOON) as running,
        running.prices(*symbols) as page,
    ):
        await eventually(lambda: all(page.state(symbol) == "live" for symbol in symbols), "all live")
        await eventually(lambda: running.venue.subscribed(STOCK_PATH) >= set(symbols) - {"BTC/USD"})
        yield running, page


async def shown(page: Stream, symbol: str, price: float) -> dict[str, Any]:
    """The page's newest tick, once it has this price."""
    await eventually(
        lambda: page.newest(symbol).get("price") == price,
        lambda: f"{symbol} at {price}: {page.newest(symbol)}",
    )
    return page.newest(symbol)


async def heard(running: Pipe, page: Stream) -> None:
    """Whatever was sent of AAPL has come, if it ever will: a trade of MSFT that was sent after it has.

    A trade of AAPL itself would hide what came just before it: they would be one tick.
    """
    ticks = len(page.ticks("MSFT"))
    running.venue.trade("MSFT", BASE + ticks)
    await eventually(lambda: len(page.ticks("MSFT")) > ticks, "the trade of MSFT")


def matches(tick: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Whether a tick has these fields; those that are None it must not have."""
    return all(tick.get(name) == value for name, value in expected.items())


@pytest.mark.parametrize("case", PRINTS, ids=lambda case: case.key)
async def test_print(case: PrintCase, valkey_url: str) -> None:
    """The page gets the ticks that the case names, no other, and the next plain trade as always."""
    async with still(valkey_url, "AAPL", "MSFT") as (running, page):
        tape = Tape(running.venue)
        tape.trade(BASE)
        begun = await shown(page, "AAPL", BASE)
        count, awaited = len(page.ticks("AAPL")), list(case.sees)
        for step in case.sends:
            step(tape, traded_ns(begun))
            if awaited:
                fields = awaited.pop(0)
                await eventually(lambda f=fields: matches(page.ticks("AAPL")[-1], f), f"{fields}")  # type: ignore[misc]
        await heard(running, page)
        seen = page.ticks("AAPL")[count:]
        assert len(seen) == len(case.sees), seen
        assert all(matches(tick, fields) for tick, fields in zip(seen, case.sees, strict=True)), seen
        tape.trade(AFTER)
        after = await shown(page, "AAPL", AFTER)
        assert "corrected" not in after
        assert after["volume"] - begun["volume"] == pytest.approx(case.volume)
        assert page.states("AAPL")[-1] == "live"
        assert "stale" not in page.states("AAPL")
        assert running.venue.dials[STOCK_PATH] == 1


async def test_the_good_trades_beside_a_bad_message_arrive(valkey_url: str) -> None:
    """Those before it and those behind it; it is counted by kind, and costs nothing else."""
    async with still(valkey_url, "AAPL", "MSFT") as (running, page):
        for kind in MESSAGES:
            before = {symbol: page.ticks(symbol)[-1] for symbol in ("AAPL", "MSFT")}
            assert running.venue.send(kind, STOCK_PATH) == 1
            for symbol, old in before.items():
                await eventually(
                    lambda s=symbol, o=old: traded_ns(page.ticks(s)[-1]) > traded_ns(o),  # type: ignore[misc]
                    f"the trade of {symbol} beside {kind}",
                )
                assert page.ticks(symbol)[-1]["price"] == old["price"]
        counted = Counter(rejected for rejected in MESSAGES.values() if rejected is not None)

        async def agrees() -> bool:
            return bool((await running.status())["rejected"] == counted)

        await eventually(agrees, f"counted as {counted}")
        assert running.venue.dials[STOCK_PATH] == 1
        assert "stale" not in page.states("AAPL") + page.states("MSFT")


async def test_a_trade_missed_while_reconnecting_is_seeded(valkey_url: str) -> None:
    """The stream does not repeat what it sent to nobody; REST knows it."""
    async with still(valkey_url, "AAPL") as (running, page):
        Tape(running.venue).trade(BASE)
        await shown(page, "AAPL", BASE)
        running.venue.drop_sessions(STOCK_PATH)
        await eventually(lambda: not running.venue.subscribed(STOCK_PATH), "nobody listens")
        Tape(running.venue).trade(AFTER)
        await shown(page, "AAPL", AFTER)
        assert running.venue.dials[STOCK_PATH] == 2


async def test_a_seed_older_than_the_stream_changes_nothing(
    valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a reconnect REST still answers with the trade before the one that the page has."""
    async with still(valkey_url, "AAPL", "BTC/USD") as (running, page):
        venue = running.venue
        old = venue.market.image("AAPL", 0)
        Tape(venue).trade(BASE)
        await shown(page, "AAPL", BASE)
        ticks = len(page.ticks("AAPL"))
        real, asked = venue.market.image, 0

        def image(symbol: str, now_ns: int) -> Any:
            nonlocal asked
            asked += symbol == "AAPL"
            return old if symbol == "AAPL" else real(symbol, now_ns)

        monkeypatch.setattr(venue.market, "image", image)
        await venue.close_sessions(1012, STOCK_PATH)
        await eventually(lambda: venue.dials[STOCK_PATH] == 2 and asked, "it was asked again")
        await eventually(lambda: page.named("feed")[-1]["state"] == "live", "live again")
        venue.quote("AAPL", BASE - 1, BASE + 1)
        await eventually(lambda: page.ticks("AAPL")[-1].get("bid") == BASE - 1, "the next quote")
        assert {tick["price"] for tick in page.ticks("AAPL")[ticks:]} == {BASE}


async def test_a_print_of_tomorrow_does_not_win_for_ever(valkey_url: str) -> None:
    """A venue's clock that is wrong by days costs one message, not the symbol."""
    async with still(valkey_url, "AAPL", "MSFT") as (running, page):
        tape = Tape(running.venue)
        tape.trade(BASE)
        begun = await shown(page, "AAPL", BASE)
        tape.trade(55.0, ns=traded_ns(begun) + 3 * 24 * 3600 * SECOND)
        await heard(running, page)
        tape.trade(AFTER)
        await shown(page, "AAPL", AFTER)
        assert 55.0 not in {tick["price"] for tick in page.ticks("AAPL")}

        async def counted() -> bool:
            return bool((await running.status())["rejected"] == {"time": 1})

        await eventually(counted)
