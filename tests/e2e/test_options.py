"""Options, the third endpoint: dialled when somebody wants one, and on its own when it fails."""

from __future__ import annotations

import pytest

from tapecast.simulator.paths import OPTION_PATH, STOCK_PATH
from tests.e2e.pipe import pipe
from tests.support import eventually

pytestmark = pytest.mark.e2e

CONTRACT = "AAPL240315C00172500"


async def test_an_option_is_a_symbol_like_any_other(valkey_url: str) -> None:
    """It is dialled on first interest, live with a price and a quote, and its feed says which it is."""
    async with pipe(valkey_url) as running:
        assert running.venue.dials[OPTION_PATH] == 0
        async with running.prices(CONTRACT, "AAPL") as stream:
            await eventually(lambda: stream.state(CONTRACT) == stream.state("AAPL") == "live", "both live")
            await eventually(lambda: len(stream.ticks(CONTRACT)) > 5, "it moves")
            tick = stream.ticks(CONTRACT)[-1]
            assert 0 < tick["bid"] < tick["ask"]
            assert tick["bid"] <= tick["price"] <= tick["ask"]
            assert tick["previous_close"] > 0
            await running.streams("AAPL", CONTRACT)
            status = await running.status()
            assert {feed["market"]: feed["state"] for feed in status["feeds"]} == {
                "crypto": "idle",
                "us_equity": "live",
                "us_option": "live",
            }
            assert set(status["lease"]) == {"crypto", "us_equity", "us_option"}
            assert running.venue.dials[OPTION_PATH] == 1
            assert running.venue.subscribed(OPTION_PATH) == {CONTRACT}


async def test_options_that_are_not_in_the_plan_leave_stocks_alone(valkey_url: str) -> None:
    """A 409 on one endpoint is no matter of the others."""
    async with (
        pipe(valkey_url, prepare=lambda venue: setattr(venue.faults[OPTION_PATH], "login", 409)) as running,
        running.prices(CONTRACT, "AAPL") as stream,
    ):
        await eventually(lambda: stream.state("AAPL") == "live", "AAPL live")
        await eventually(
            lambda: (
                [e["reason"] for e in stream.named("feed") if e["state"] == "failed"]
                == ["insufficient_subscription"]
            )
        )
        assert stream.state(CONTRACT) == "pending"
        await stream.goes_on("AAPL")
        assert (running.venue.dials[OPTION_PATH], running.venue.dials[STOCK_PATH]) == (1, 1)
