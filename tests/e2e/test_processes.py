"""Separate processes on one Redis: simulate, ingest, and two apis."""

from __future__ import annotations

import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tapecast.bus.connection import Bus
from tapecast.bus.keys import Keys
from tapecast.simulator.server import Simulator, SimulatorConfig, simulator
from tests.e2e.processes import Child, serving, status, streaming, tapecast
from tests.stalls import stalls
from tests.support import eventually, free_port, free_socket

pytestmark = pytest.mark.e2e

SYMBOLS = ("AAPL", "MSFT", "BTC/USD")
ASKED = ",".join(SYMBOLS)


@pytest.fixture
async def venue() -> AsyncIterator[Simulator]:
    """A local Alpaca in the test's own process, so that its dials can be counted."""
    async with simulator(SimulatorConfig(), free_socket()) as running:
        yield running


@pytest.fixture
def env(venue: Simulator, valkey_url: str) -> dict[str, str]:
    """The settings of every process."""
    return venue.environment() | {"REDIS_URL": valkey_url}


@pytest.fixture
async def apis(env: dict[str, str]) -> AsyncIterator[tuple[Child, Child]]:
    """Two replicas of the api."""
    async with serving("api", env=env) as one, serving("api", env=env) as other:
        yield one, other


async def test_both_replicas_send_the_same_bytes_and_their_streams_add_up(
    env: dict[str, str], apis: tuple[Child, Child]
) -> None:
    """Any replica serves any client."""
    one, other = apis
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(tapecast("ingest", env=env))
        here, there = [
            await stack.enter_async_context(streaming(f"{api.base}/stream/prices", symbols=ASKED))
            for api in apis
        ]
        for symbol in SYMBOLS:

            def shared(symbol: str = symbol) -> set[str]:
                return set(here.raw_ticks(symbol)) & set(there.raw_ticks(symbol))

            await eventually(lambda: len(shared()) >= 3, f"same bytes of {symbol}")

        async def counts() -> bool:
            shown = [await status(api.base) for api in (one, other)]
            return all(s["stream_count"] == 2 and s["replicas"] == 2 for s in shown)

        await eventually(counts, "two streams on two replicas")


async def test_a_price_never_outlives_its_time(
    env: dict[str, str], apis: tuple[Child, Child], bus: Bus
) -> None:
    """At no look does `price:AAPL` have more than five seconds to live."""
    async with (
        tapecast("ingest", env=env),
        streaming(f"{apis[0].base}/stream/prices", symbols="AAPL") as stream,
    ):
        seen: list[int] = []

        async def looked() -> bool:
            seen.append(await bus.redis.pttl(Keys().price("AAPL")))
            return len(stream.ticks("AAPL")) >= 20

        await eventually(looked)
        assert max(seen) <= 5000
        assert seen[-1] > 0


async def test_a_killed_ingest_is_stale_at_once_and_live_again_on_the_same_streams(
    env: dict[str, str], apis: tuple[Child, Child]
) -> None:
    """Nobody is shown an old price as new, nobody has to reconnect."""
    base = apis[0].base
    async with streaming(f"{base}/stream/prices", symbols=ASKED) as stream:
        async with tapecast("ingest", env=env) as ingest:
            await eventually(lambda: all(stream.state(symbol) == "live" for symbol in SYMBOLS))
            await ingest.end(signal.SIGKILL)
            killed = time.monotonic()
            await eventually(lambda: all(stream.state(symbol) == "stale" for symbol in SYMBOLS))
            # Six seconds is the promise; the rest is for a machine that was busy with something else.
            assert stalls.ran_s(killed) < 8
        assert {"state": "reconnecting", "reason": "ingest_lost"}.items() <= stream.named("feed")[-1].items()
        # At the other replica, which has never heard of the symbol: what it shows comes from `last:`.
        async with streaming(f"{apis[1].base}/stream/prices", symbols="AAPL") as late:
            await eventually(lambda: late.ticks("AAPL"), "the last known price")
            assert late.state("AAPL") == "stale"
            assert late.raw_ticks("AAPL")[0] in stream.raw_ticks("AAPL")
        before = len(stream.ticks("AAPL"))
        async with tapecast("ingest", env=env):
            await eventually(lambda: all(stream.state(symbol) == "live" for symbol in SYMBOLS))
            await eventually(lambda: len(stream.ticks("AAPL")) > before)
        order = [(tick["epoch"], tick["seq"]) for tick in stream.ticks("AAPL")]
        assert order == sorted(set(order))
        assert not stream.ended


async def test_two_ingests_hold_one_socket_and_hand_over(
    env: dict[str, str], apis: tuple[Child, Child], venue: Simulator, bus: Bus
) -> None:
    """The second stands by until the first ends, then dials once."""
    async with streaming(f"{apis[0].base}/stream/prices", symbols="AAPL") as stream:
        async with tapecast("ingest", env=env) as first:
            await eventually(lambda: stream.state("AAPL") == "live")
            async with tapecast("ingest", env=env) as second:

                async def standing_by() -> bool:
                    # It writes its status from the first moment on.
                    return await bus.redis.zcard("status:ingest") == 2

                await eventually(standing_by)
                shown = len(stream.ticks("AAPL"))
                await eventually(lambda: len(stream.ticks("AAPL")) > shown + 50)
                assert venue.dials["/v2/iex"] == 1
                assert await first.end() == 0
                before = len(stream.ticks("AAPL"))
                await second.said("feed_state: us_equity live")
                await eventually(lambda: len(stream.ticks("AAPL")) > before)
                assert venue.dials["/v2/iex"] == 2
                assert "stale" not in stream.states("AAPL")


async def test_wrong_keys_dial_once_and_say_so(
    env: dict[str, str], apis: tuple[Child, Child], venue: Simulator
) -> None:
    """A 402 is fatal and visible; the process stays and does not dial again."""
    wrong = env | {"ALPACA_PAPER_SECRET_KEY": "wrong-secret"}
    async with tapecast("ingest", env=wrong) as ingest:
        async with streaming(f"{apis[0].base}/stream/prices", symbols="AAPL") as stream:
            await eventually(lambda: any(e["state"] == "failed" for e in stream.named("feed")))
            failed = next(e for e in stream.named("feed") if e["state"] == "failed")
            assert failed["reason"] == "auth_failed"
            assert stream.state("AAPL") in {"pending", "stale"}
            # Interest changes and the worker's own rounds go on meanwhile.
            async with streaming(f"{apis[0].base}/stream/prices", symbols="MSFT") as other:
                await eventually(lambda: other.named("symbol"))
            shown = await status(apis[0].base)
            assert {feed["market"]: feed["state"] for feed in shown["feeds"]}["us_equity"] == "failed"
        assert venue.dials["/v2/iex"] == 1
        assert "wrong-secret" not in ingest.output
        assert await ingest.end() == 0


async def test_the_venue_closes_and_the_same_symbols_return(
    env: dict[str, str], apis: tuple[Child, Child], venue: Simulator
) -> None:
    """A dropped session comes back with what it had, and clients see ticks again."""
    async with (
        tapecast("ingest", env=env),
        streaming(f"{apis[0].base}/stream/prices", symbols="AAPL,MSFT") as stream,
    ):
        await eventually(lambda: stream.state("AAPL") == stream.state("MSFT") == "live")
        await eventually(lambda: venue.subscribed("/v2/iex") == {"AAPL", "MSFT"})
        await venue.close_sessions(1012)
        counts = {symbol: len(stream.ticks(symbol)) for symbol in ("AAPL", "MSFT")}
        await eventually(lambda: venue.subscribed("/v2/iex") == {"AAPL", "MSFT"})
        await eventually(lambda: all(len(stream.ticks(s)) > n for s, n in counts.items()))
        assert venue.dials["/v2/iex"] == 2
        await eventually(lambda: [e["state"] for e in stream.named("feed")][-1] == "live")

        async def counted() -> bool:
            return bool((await status(apis[0].base))["reconnects"] == 1)

        await eventually(counted)


async def test_ingest_without_keys_names_them() -> None:
    """Exit code 2, and both names."""
    async with tapecast("ingest", env={"REDIS_URL": "redis://127.0.0.1:1"}) as ingest:
        assert await ingest.ended() == 2
        assert "ALPACA_PAPER_API_KEY" in ingest.output
        assert "ALPACA_PAPER_SECRET_KEY" in ingest.output


async def test_a_simulated_standby_of_a_real_owner_says_at_once_that_it_may_not(
    bus: Bus, valkey_url: str
) -> None:
    """It would else wait for a lease that it may not use, and look well."""
    await bus.redis.set("origin:us_equity", "real")
    await bus.redis.set("lease:us_equity", "somebody", ex=60)
    async with tapecast("ingest", env={"REDIS_URL": valkey_url, "FEED": "simulated"}) as ingest:
        assert await ingest.ended() == 1
        assert "Set REDIS_PREFIX or another REDIS_URL" in ingest.output
        assert "Traceback" not in ingest.output


async def test_check_beside_nothing_says_what_it_looked_for() -> None:
    """Neither an api at the port, nor a Redis to ask for an ingest."""
    async with tapecast("check", env={"PORT": str(free_port())}) as check:
        assert await check.ended() == 1
        assert "nothing listens on port" in check.output
        assert "REDIS_URL" in check.output


async def test_check_tells_a_container_how_it_is(env: dict[str, str], apis: tuple[Child, Child]) -> None:
    """0 for a ready api and a reporting ingest, 1 where there is none."""
    port = apis[0].base.rsplit(":", 1)[1]
    async with tapecast("check", env=env | {"PORT": port}) as check:
        assert await check.ended() == 0, check.output
        assert "ready" in check.output
    async with tapecast("check", "--role", "ingest", env=env) as check:
        assert await check.ended() == 1
        assert "no ingest" in check.output
    async with tapecast("ingest", env=env) as ingest:
        await ingest.said("redis")

        async def reported() -> bool:
            async with tapecast("check", "--role", "ingest", env=env) as check:
                return await check.ended() == 0 and "us_equity" in check.output

        await eventually(reported)
