"""`FEED=replay:PATH`: a recorded tape as the feed of real processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tapecast.bus.connection import open_bus
from tapecast.bus.origin import mark_origin
from tapecast.market import Market
from tests.e2e.processes import Stream, serving, status, streaming, tapecast
from tests.support import eventually
from tests.tapes import REAL_LAST, quote, real_tape, trade, written

pytestmark = pytest.mark.e2e


async def ends_on(stream: Stream, symbol: str, price: float) -> None:
    """Wait for the end of the tape, and look at how it got there."""
    await eventually(lambda: stream.state(symbol) == "closed", f"{symbol} closed")
    await eventually(lambda: stream.newest(symbol).get("price") == price, f"the last price of {symbol}")
    ticks = stream.ticks(symbol)
    prices = [tick["price"] for tick in ticks]
    assert prices == sorted(prices)
    assert len(prices) > 10, "seconds of changes, not one burst at the end"
    assert ticks[-1]["timestamp"] == "2021-01-08T15:09:59Z"
    assert set(stream.states(symbol)) <= {"pending", "live", "closed"}


async def test_a_small_tape_at_high_speed(tmp_path: Path) -> None:
    """Two markets on one timeline: every client ends on the last price, in order, and then it is closed."""
    lines = []
    for step in range(600):
        lines += [
            trade("AAPL", step, 100 + step),
            quote("BTC/USD", step, 9, 11),
            trade("BTC/USD", step, step + 1),
        ]
    env = {"FEED": f"replay:{written(tmp_path, *lines, 'cut off in the mid')}", "REPLAY_SPEED": "120"}
    async with serving("up", env=env) as up:
        async with streaming(f"{up.base}/stream/prices", symbols="AAPL,BTC/USD") as stream:
            await ends_on(stream, "AAPL", 699)
            await ends_on(stream, "BTC/USD", 600)

        async def told() -> bool:
            shown = await status(up.base)
            ends = {(feed["state"], feed.get("reason")) for feed in shown["feeds"]}
            return ends == {("closed", "tape_ended")} and shown["rejected"] == {"shape": 1}

        await eventually(told, "a status with both ends, and the line that was cut off")


async def test_a_tape_is_streamed_to_its_last_price() -> None:
    """In order, by its own times; then it is closed, and the price stands for who comes later."""
    env = {"FEED": f"replay:{real_tape()}", "REPLAY_SPEED": "50"}
    async with serving("up", env=env) as up:
        assert f"REPLAY of {real_tape()} of 2021-01-08 at 50x, not real-time prices" in up.output
        async with streaming(f"{up.base}/stream/prices", symbols="BTC/USD,ETH/USD") as stream:
            await eventually(lambda: stream.state("BTC/USD") == "closed", "the tape ends")
            await eventually(lambda: stream.newest("BTC/USD").get("bid") == 39490.97, "its last quote")
            ticks = stream.ticks("BTC/USD")
            assert (ticks[-1]["price"], ticks[-1]["feed"]) == (REAL_LAST, "replay")
            times = [tick["timestamp"] for tick in ticks]
            assert times == sorted(times)
            assert set(stream.states("BTC/USD")) <= {"pending", "live", "closed"}
            await eventually(lambda: stream.state("ETH/USD") == "refused", "a refusal")
            await eventually(lambda: "tape_ended" in reasons(stream), "the feed's word on it")

            async def told() -> bool:
                # What is refused comes with ingest's next word, which is later than the event.
                return bool((await status(up.base))["refused"] == {"ETH/USD": "not_on_tape"})

            await eventually(told, "a status that names the refused symbol")
        async with streaming(f"{up.base}/stream/prices", symbols="BTC/USD") as late:
            await eventually(lambda: late.ticks("BTC/USD"), "the last price")
            assert late.ticks("BTC/USD")[0]["price"] == REAL_LAST
            await eventually(lambda: late.state("BTC/USD") == "closed", "and that it is the last")
        shown = await status(up.base)
        assert shown["alpaca_connected"] is False
        assert [feed["simulated"] for feed in shown["feeds"] if feed["market"] == "crypto"] == [True]


def reasons(stream: Stream) -> list[str]:
    """Why each feed was in each of its states."""
    return [event.get("reason", "") for event in stream.named("feed")]


async def test_positions_of_a_replay_are_a_quiet_stream(tmp_path: Path) -> None:
    """There is no account, and nothing breaks."""
    tape = written(tmp_path, trade("AAPL", 0, 1), quote("AAPL", 0, 0.9, 1.1))
    env = {"FEED": f"replay:{tape}", "KEEPALIVE_S": "0.5"}
    async with serving("up", env=env) as up, streaming(f"{up.base}/stream/positions") as stream:
        await eventually(lambda: len(stream.named("heartbeat")) >= 2, "heartbeats")
        assert not stream.named("positions")
        assert not stream.named("bye")


async def test_a_replay_refuses_to_start_over_real_prices(tmp_path: Path, valkey_url: str) -> None:
    """Yesterday's prices in place of the last real ones would be believed."""
    async with open_bus(valkey_url) as bus:
        await mark_origin(bus, Market.US_EQUITY, simulated=False)
    tape = written(tmp_path, trade("AAPL", 0, 1))
    env = {"FEED": f"replay:{tape}", "REDIS_URL": valkey_url}
    async with tapecast("ingest", env=env) as ingest:
        assert await ingest.ended() == 1
        assert "no simulated or replayed feed starts over them" in ingest.output


async def test_a_tape_that_cannot_be_played_is_a_bad_setting(tmp_path: Path, valkey_url: str) -> None:
    """Exit code 2, with its path."""
    env = {"FEED": f"replay:{tmp_path}/none.jsonl", "REDIS_URL": valkey_url}
    for command in (("up", "--port", "0"), ("ingest",)):
        async with tapecast(*command, env=env) as child:
            assert await child.ended() == 2
            assert f"{tmp_path}/none.jsonl" in child.output
