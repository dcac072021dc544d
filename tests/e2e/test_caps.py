"""More symbols than the plan has room for: who is served, who is refused, who gets room when it appears."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.paths import STOCK_PATH
from tests.e2e.pipe import pipe
from tests.support import eventually

pytestmark = pytest.mark.e2e

AT_ONCE_S = 12.0
"""On a busy machine; far below the half minute of a grace and the quarter of one after a lost Redis."""


@pytest.mark.parametrize(
    ("venue_limit", "our_limit"),
    [(30, "3"), (3, "30")],
    ids=["our-own-limit", "the-venues-limit-learnt-from-405"],
)
async def test_three_of_five(venue_limit: int, our_limit: str, valkey_url: str) -> None:
    """Three are live, two are told why not; room is given when it appears; a reconnect changes nothing."""
    config = SimulatorConfig(symbol_limit=venue_limit)
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(pipe(valkey_url, config, SYMBOL_LIMIT=our_limit))
        venue = running.venue
        leaver = await stack.enter_async_context(AsyncExitStack())
        leaving = await leaver.enter_async_context(running.prices("AAPL"))
        await eventually(lambda: leaving.state("AAPL") == "live", "AAPL live")
        staying = await stack.enter_async_context(running.prices("AMD", "MSFT"))
        await eventually(lambda: staying.state("AMD") == staying.state("MSFT") == "live", "three live")
        late = await stack.enter_async_context(running.prices("NVDA", "TSLA"))
        await eventually(lambda: late.state("NVDA") == late.state("TSLA") == "refused", "two refused")
        assert {e["reason"] for e in late.named("symbol") if e["state"] == "refused"} == {"symbol_limit"}
        await running.streams("AAPL", "AMD", "MSFT")

        async def told() -> bool:
            refused = (await running.status())["refused"]
            return bool(refused == {"NVDA": "symbol_limit", "TSLA": "symbol_limit"})

        await eventually(told, "both refusals in the status")

        # AAPL has half a minute of grace, and gives way at once to one with listeners.
        await leaver.aclose()
        await eventually(
            lambda: "live" in {late.state("NVDA"), late.state("TSLA")}, "room is given", AT_ONCE_S
        )
        taken, refused = sorted(("NVDA", "TSLA"), key=lambda symbol: late.state(symbol) != "live")
        assert late.state(refused) == "refused"
        served = {"AMD", "MSFT", taken}
        assert venue.subscribed(STOCK_PATH) == served

        await venue.close_sessions(1012, STOCK_PATH)
        for stream, symbol in ((staying, "AMD"), (staying, "MSFT"), (late, taken)):
            await stream.goes_on(symbol)
        assert venue.subscribed(STOCK_PATH) == served
        assert venue.dials[STOCK_PATH] == 2
        assert late.state(refused) == "refused"
