"""The promises in seconds, with the waits that production has. The seconds are printed: `pytest -s`."""

from __future__ import annotations

import time

import pytest

from tapecast.feeds.alpaca.limits import Limits
from tapecast.market import Market
from tapecast.simulator.paths import STOCK_PATH
from tests.e2e.pipe import pipe
from tests.stalls import stalls
from tests.support import eventually

pytestmark = pytest.mark.e2e

STALE_S, GIVEN_UP_S, BACK_S = 6.0, 10.0, 10.0
A_MOMENT_S = 3.0
"""Longer than a ping waits, shorter than a price lives."""


async def test_a_frozen_venue_is_stale_in_six_seconds_and_live_ten_after_its_return(
    valkey_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It answers nothing, not even pings, and keeps its sockets open."""
    async with (
        pipe(valkey_url, limits=Limits()) as running,
        running.prices("AAPL", "MSFT", "BTC/USD") as stream,
    ):
        await eventually(lambda: all(stream.state(s) == "live" for s in ("AAPL", "MSFT", "BTC/USD")))
        running.venue.freeze(STOCK_PATH)
        frozen = time.monotonic()
        await eventually(lambda: stream.state("AAPL") == stream.state("MSFT") == "stale", "stale")
        stale_s = stalls.ran_s(frozen)
        stocks = [e for e in stream.named("feed") if e["market"] == "us_equity"]
        assert (stocks[-1]["state"], stocks[-1]["reason"]) == ("reconnecting", "silent")
        shown = {feed["market"]: feed for feed in (await running.status())["feeds"]}
        assert (shown["us_equity"]["state"], shown["crypto"]["state"]) == ("reconnecting", "live")
        await eventually(lambda: "feed_lost: us_equity: nothing heard" in caplog.text, "given up")
        given_up_s = stalls.ran_s(frozen)

        # Long enough for a new dial to hang on the frozen venue as well.
        await eventually(lambda: "did not welcome us in time" in caplog.text, "the second dial gave up too")
        counts = {symbol: len(stream.ticks(symbol)) for symbol in ("AAPL", "MSFT")}
        running.venue.thaw(STOCK_PATH)
        thawed = time.monotonic()
        await eventually(lambda: stream.state("AAPL") == stream.state("MSFT") == "live", "live again")
        back_s = stalls.ran_s(thawed)
        await eventually(lambda: all(len(stream.ticks(s)) > n for s, n in counts.items()))
        assert "stale" not in stream.states("BTC/USD")
        assert not stream.ended
    print(f"\nfrozen venue: stale {stale_s:.1f} s, given up {given_up_s:.1f} s, live again {back_s:.1f} s")  # noqa: T201
    assert stale_s < STALE_S
    assert given_up_s < GIVEN_UP_S
    assert back_s < BACK_S


async def test_a_venue_that_freezes_for_a_moment_costs_nothing(valkey_url: str) -> None:
    """Its pong comes late, nothing is given up, nothing turns stale."""
    async with pipe(valkey_url, limits=Limits()) as running, running.prices("AAPL") as stream:
        await eventually(lambda: stream.state("AAPL") == "live")
        pulse = running.worker.owners[Market.US_EQUITY].pulse
        running.venue.freeze(STOCK_PATH)
        await eventually(lambda: pulse.heard_ago_s > A_MOMENT_S, "it has been silent for a moment")
        frozen = len(stream.ticks("AAPL"))
        running.venue.thaw(STOCK_PATH)
        await eventually(lambda: len(stream.ticks("AAPL")) > frozen + 3)
        assert stream.states("AAPL")[-1] == "live"
        assert "stale" not in stream.states("AAPL")
        assert running.venue.dials[STOCK_PATH] == 1
