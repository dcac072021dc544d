"""The feed: against the local Alpaca where it is healthy, against scripted venues where it is not."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import msgpack
import pytest

from tapecast.errors import FeedFatal
from tapecast.feeds.alpaca import AlpacaFeed, alpaca_feeds
from tapecast.feeds.alpaca.limits import Limits
from tapecast.market import FeedState, Market
from tapecast.settings import load
from tapecast.simulator.paths import CRYPTO_PATH, STOCK_PATH
from tapecast.simulator.server import Simulator, SimulatorConfig, simulator
from tests.feeds.alpaca.venue import IMPATIENT, Dialogue, Recorder, Venue, feed_at, playing, running
from tests.support import eventually, free_socket

RECONNECTING, LIVE = FeedState.RECONNECTING, FeedState.LIVE


async def healthy(venue: Dialogue) -> None:
    """Log in, and do as every request says."""
    await venue.accept()
    await venue.serve()


async def refuse_406(venue: Dialogue) -> None:
    """Somebody else holds the slot."""
    await venue.welcome()
    await venue.refuse(406, "connection limit exceeded")
    await venue.until_gone()


@asynccontextmanager
async def local_alpaca(config: SimulatorConfig) -> AsyncIterator[tuple[Simulator, AlpacaFeed, AlpacaFeed]]:
    """A simulator, and a feed for each of its markets."""
    async with simulator(config, free_socket()) as venue:
        stocks, crypto, _ = alpaca_feeds(load(venue.environment()), IMPATIENT)
        yield venue, stocks, crypto


async def test_both_markets_flow_from_the_local_alpaca() -> None:
    """Two sockets, each confirmed, seeded, live, with trades and quotes."""
    async with (
        local_alpaca(SimulatorConfig()) as (venue, stocks, crypto),
        running(stocks, "AAPL") as equity,
        running(crypto, "BTC/USD") as pairs,
    ):
        assert (stocks.market, crypto.market, stocks.simulated) == (Market.US_EQUITY, Market.CRYPTO, True)
        for recorder, symbol in ((equity, "AAPL"), (pairs, "BTC/USD")):
            await eventually(lambda r=recorder: r.trades and r.quotes and r.snapshots, symbol)  # type: ignore[misc]
            assert {each.symbol for each in recorder.trades} == {symbol}
            assert recorder.subscribed == {symbol}
            assert recorder.state is LIVE
        assert (venue.dials[STOCK_PATH], venue.dials[CRYPTO_PATH]) == (1, 1)
        assert stocks.last_heard > 0


async def test_nobody_wants_anything_so_nothing_is_dialled() -> None:
    """The feed waits, idle, without a socket; the first wish opens one, the last one closes it."""
    async with playing(Venue(healthy)) as venue:
        feed = feed_at(venue.url)
        async with running(feed) as recorder:
            await eventually(lambda: recorder.state is FeedState.IDLE)
            assert venue.dials == 0
            feed.want(["AAPL"])
            await eventually(lambda: recorder.state is LIVE)
            feed.want([])
            await eventually(lambda: recorder.state is FeedState.IDLE)
            await eventually(lambda: venue.closes == [1000])
            assert recorder.subscribed == frozenset()
            feed.want(["AAPL"])
            await eventually(lambda: recorder.subscribed == {"AAPL"})
            assert [state for state, _ in recorder.states] == ["idle", "connecting", "live"] * 2
            assert (venue.dials, feed.reconnects) == (2, 0)


async def test_a_wish_that_flickers_keeps_the_socket() -> None:
    """Nobody and somebody in one breath, as when a page is reloaded, is not a reason to dial."""
    async with playing(Venue(healthy)) as venue:
        feed = feed_at(venue.url)
        async with running(feed, "AAPL") as recorder:
            await eventually(lambda: recorder.state is LIVE)
            feed.want([])
            feed.want(["MSFT"])
            await eventually(lambda: recorder.subscribed == {"MSFT"})
            assert venue.dials == 1


async def test_cancelling_closes_the_socket() -> None:
    """The venue's slot is free when the run has ended."""
    async with playing(Venue(healthy)) as venue:
        async with running(feed_at(venue.url), "AAPL") as recorder:
            await eventually(lambda: recorder.state is LIVE)
        await eventually(lambda: venue.closes == [1000], "a clean close")


@pytest.mark.parametrize("stage", [Dialogue.until_gone, Dialogue.welcome])
async def test_cancelling_in_the_middle_of_a_handshake_closes_the_socket(stage: object) -> None:
    """No half-open session is left behind either."""

    async def script(venue: Dialogue) -> None:
        await stage(venue)  # type: ignore[operator]
        await venue.until_gone()

    async with playing(Venue(script)) as venue:
        async with running(feed_at(venue.url), "AAPL"):
            await eventually(lambda: venue.open)
        await eventually(lambda: venue.open == 0, "the socket is closed")


@pytest.mark.parametrize(
    ("code", "text", "reason"),
    [(402, "auth failed", "auth_failed"), (409, "insufficient subscription", "insufficient_subscription")],
)
async def test_a_fatal_refusal_is_dialled_once(code: int, text: str, reason: str) -> None:
    """The run ends with FeedFatal after one dial, and the socket is closed."""

    async def script(venue: Dialogue) -> None:
        await venue.welcome()
        await venue.refuse(code, text)
        await venue.until_gone()

    async with playing(Venue(script)) as venue:
        feed = feed_at(venue.url)
        feed.want(["AAPL"])
        with pytest.raises(FeedFatal) as caught:
            async with asyncio.timeout(30):
                await feed.run(Recorder())
        assert (caught.value.reason, caught.value.code, venue.dials) == (reason, code, 1)
        await eventually(lambda: venue.open == 0)


async def test_wrong_keys_at_the_local_alpaca_are_fatal() -> None:
    """The same through the simulator's own protocol."""
    async with simulator(SimulatorConfig(), free_socket()) as venue:
        settings = load(venue.environment() | {"ALPACA_PAPER_SECRET_KEY": "wrong"})
        feed = alpaca_feeds(settings, IMPATIENT)[0]
        feed.want(["AAPL"])
        with pytest.raises(FeedFatal):
            async with asyncio.timeout(30):
                await feed.run(Recorder())
        assert venue.dials[STOCK_PATH] == 1


async def test_a_taken_slot_is_waited_for() -> None:
    """406 shows as a state with its reason, is dialled again after the slow delay, and ends in live."""
    async with playing(Venue(refuse_406, refuse_406, healthy)) as venue:
        async with running(feed_at(venue.url), "AAPL") as recorder:
            await eventually(lambda: recorder.state is LIVE)
        assert venue.dials == 3
        assert (RECONNECTING, "connection_limit") in recorder.states


async def test_a_taken_slot_is_not_hammered() -> None:
    """With the real delays nothing is dialled a second time while the slot is somebody else's."""
    limits = replace(Limits(), takeover_s=0.0)
    async with playing(Venue(refuse_406)) as venue:
        async with running(feed_at(venue.url, limits), "AAPL") as recorder:
            await eventually(lambda: recorder.state is RECONNECTING)
            await eventually(lambda: venue.open == 0)
        assert venue.dials == 1


async def test_after_a_takeover_the_slot_is_asked_for_again_at_once() -> None:
    """The predecessor's session is given a moment to end, however slow the slow retry is."""
    limits = replace(Limits(), takeover_s=600.0, takeover_retry_s=0.01)
    async with playing(Venue(refuse_406, refuse_406, healthy)) as venue:
        async with running(feed_at(venue.url, limits), "AAPL") as recorder:
            await eventually(lambda: recorder.state is LIVE)


async def accept_and_drop(venue: Dialogue) -> None:
    """Confirm a subscription, and hang up."""
    await venue.accept()
    await venue.grant()


def waits(caplog: pytest.LogCaptureFixture) -> list[float]:
    """How long was waited before each new dial, as far as the log rounds it."""
    return [float(wait) for wait in re.findall(r"next dial in (\S+) s", caplog.text)]


async def test_a_venue_that_confirms_and_drops_is_not_hammered(caplog: pytest.LogCaptureFixture) -> None:
    """Being confirmed is not being served: the waits grow."""
    limits = replace(IMPATIENT, backoff_first_s=0.05, backoff_cap_s=3600.0)
    async with playing(Venue(accept_and_drop)) as venue, running(feed_at(venue.url, limits), "AAPL"):
        await eventually(lambda: max(waits(caplog), default=0.0) >= 0.3, "a longer wait")


@pytest.mark.parametrize("proof", ["data", "time"])
async def test_a_session_that_was_good_is_forgiven(proof: str, caplog: pytest.LogCaptureFixture) -> None:
    """It brought data, or it lasted: the next wait is a first one."""
    now = msgpack.Timestamp.from_unix_nano(time.time_ns())

    async def script(venue: Dialogue) -> None:
        await accept_and_drop(venue)
        if proof == "data":
            await venue.say({"T": "t", "S": "AAPL", "p": 1.0, "s": 1, "t": now})

    proven_s = 0.0 if proof == "time" else 3600.0
    limits = replace(IMPATIENT, backoff_first_s=0.05, backoff_cap_s=3600.0, proven_s=proven_s)
    async with playing(Venue(script)) as venue, running(feed_at(venue.url, limits), "AAPL"):
        await eventually(lambda: venue.dials >= 8, "so many dials")
    assert max(waits(caplog)) <= 0.1


async def test_a_throttled_dial_is_retried() -> None:
    """HTTP 429 on the upgrade is a state, not an end."""
    async with playing(Venue(healthy, refuse_upgrade=429)) as venue:
        async with running(feed_at(venue.url), "AAPL") as recorder:
            await eventually(lambda: venue.dials >= 2)
        assert (RECONNECTING, "too_many_dials") in recorder.states


@pytest.mark.parametrize(
    ("stage", "limits", "reason"),
    [
        (Dialogue.until_gone, replace(IMPATIENT, welcome_s=1.0), "connect_timeout"),
        (Dialogue.welcome, replace(IMPATIENT, auth_s=1.0), "auth_timeout"),
    ],
)
async def test_a_venue_that_falls_silent_in_the_handshake_is_dialled_again(
    stage: object, limits: Limits, reason: str
) -> None:
    """A step that never comes costs one dial."""

    async def mute(venue: Dialogue) -> None:
        await stage(venue)  # type: ignore[operator]
        await venue.until_gone()

    async with playing(Venue(mute, healthy)) as venue:
        async with running(feed_at(venue.url, limits), "AAPL") as recorder:
            await eventually(lambda: recorder.state is LIVE)
        assert (RECONNECTING, reason) in recorder.states


async def test_a_frozen_venue_is_given_up() -> None:
    """A peer that answers no ping is left, in bounded time, for a new one."""

    async def freezing(venue: Dialogue) -> None:
        await venue.accept()
        await venue.grant()
        await venue.grant()
        await venue.freeze()

    limits = replace(IMPATIENT, ping_s=0.1, silent_s=1.0)
    async with playing(Venue(freezing, healthy)) as venue:
        feed = feed_at(venue.url, limits)
        async with running(feed, "AAPL") as recorder:
            await eventually(lambda: feed.reconnects >= 1)
            await eventually(lambda: recorder.subscribed == {"AAPL"})
        assert (RECONNECTING, "silent") in recorder.states


async def test_a_quiet_venue_is_kept() -> None:
    """Pongs are a sign of life: a feed without a single trade stays live and keeps being heard."""
    limits = replace(IMPATIENT, ping_s=0.02, silent_s=30.0)
    async with playing(Venue(healthy)) as venue:
        feed = feed_at(venue.url, limits)
        async with running(feed, "AAPL") as recorder:
            await eventually(lambda: recorder.state is LIVE)
            for _ in range(3):
                before = feed.last_heard
                await eventually(lambda before=before: feed.last_heard > before, "a pong")  # type: ignore[misc]
            assert venue.dials == 1


async def test_the_same_symbols_return_after_a_close() -> None:
    """The local Alpaca closes with 1012; the symbols of before are back, seeded anew, under a new session."""
    async with local_alpaca(SimulatorConfig(symbol_limit=3)) as (venue, stocks, _):
        async with running(stocks, "AAPL", "MSFT", "NVDA", "TSLA") as recorder:
            await eventually(lambda: recorder.refused == {"TSLA": "symbol_limit"})
            await eventually(lambda: len({each.symbol for each in recorder.snapshots}) == 3)
            assert recorder.subscribed == {"AAPL", "MSFT", "NVDA"}
            recorder.snapshots.clear()
            recorder.trades.clear()
            await venue.close_sessions(1012)
            await eventually(lambda: recorder.sessions == 2)
            await eventually(lambda: {each.symbol for each in recorder.trades} == {"AAPL", "MSFT", "NVDA"})
            await eventually(lambda: len({each.symbol for each in recorder.snapshots}) == 3)
            assert venue.subscribed(STOCK_PATH) == {"AAPL", "MSFT", "NVDA"}
            assert recorder.refused == {"TSLA": "symbol_limit"}
            assert (RECONNECTING, "connection_closed") in recorder.states
            assert stocks.reconnects == 1


async def test_room_is_taken_at_once() -> None:
    """A refused symbol is in as soon as another leaves."""
    async with local_alpaca(SimulatorConfig(symbol_limit=1)) as (venue, stocks, _):
        async with running(stocks, "AAPL", "MSFT") as recorder:
            await eventually(lambda: recorder.refused == {"MSFT": "symbol_limit"})
            stocks.want(["MSFT"])
            await eventually(lambda: recorder.subscribed == {"MSFT"} and recorder.refused == {})
            await eventually(lambda: any(each.symbol == "MSFT" for each in recorder.trades))
            assert venue.dials[STOCK_PATH] == 1


async def test_a_closed_market_is_closed_and_seeded() -> None:
    """Outside the session the path is healthy, the state says closed, and the last price is there."""
    async with local_alpaca(SimulatorConfig(market_open=False)) as (_, stocks, crypto):
        async with running(stocks, "AAPL") as equity, running(crypto, "BTC/USD") as pairs:
            await eventually(lambda: equity.state is FeedState.CLOSED)
            await eventually(lambda: any(each.trade for each in equity.snapshots))
            await eventually(lambda: pairs.state is LIVE)


async def test_a_reseed_brings_the_snapshot_again() -> None:
    """Ingest may ask for a confirmed symbol's snapshot once more."""
    async with local_alpaca(SimulatorConfig()) as (_, stocks, _):
        stocks.reseed(["AAPL"])
        async with running(stocks, "AAPL") as recorder:
            await eventually(lambda: len(recorder.snapshots) == 1)
            assert stocks._seeder is not None
            stocks._seeder._clock = lambda: time.monotonic() + 3600
            stocks.reseed(["AAPL"])
            await eventually(lambda: len(recorder.snapshots) == 2)


async def test_an_unreachable_rest_side_costs_the_seed_alone() -> None:
    """The stream flows although no seed and no clock can be had."""
    async with simulator(SimulatorConfig(), free_socket()) as venue:
        dead = {"ALPACA_DATA_URL": "http://127.0.0.1:9", "ALPACA_TRADING_URL": "http://127.0.0.1:9"}
        feed = alpaca_feeds(load(venue.environment() | dead), IMPATIENT)[0]
        async with running(feed, "AAPL") as recorder:
            await eventually(lambda: len(recorder.trades) >= 2)
            assert (recorder.state, recorder.snapshots, recorder.sessions) == (LIVE, [], 1)


async def test_a_feed_can_run_again() -> None:
    """After a lease was lost and won again the same feed serves a new listener from the start."""
    async with playing(Venue(healthy)) as venue:
        feed = feed_at(venue.url)
        for _ in range(2):
            async with running(feed, "AAPL") as recorder:
                await eventually(lambda r=recorder: r.state is LIVE)  # type: ignore[misc]
                assert recorder.sessions == 1
                assert recorder.subscribed == {"AAPL"}


async def test_no_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Even at DEBUG, neither key nor secret is in any line, and no traceback is printed for a lost dial."""
    caplog.set_level(logging.DEBUG)
    async with playing(Venue(refuse_406, healthy)) as venue:
        async with running(feed_at(venue.url), "AAPL") as recorder:
            await eventually(lambda: recorder.state is LIVE)
    assert "feed_lost: us_equity" in caplog.text
    assert not [record for record in caplog.records if record.exc_info]
    ours = [
        record for record in caplog.records if record.name.startswith(("websockets", "alpaca", "tapecast"))
    ]
    assert not [record for record in ours if "secret" in record.getMessage()]
