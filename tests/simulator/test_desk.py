"""What somebody makes happen, as clients and REST see it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tapecast.simulator.bad import Bad
from tapecast.simulator.server import Simulator, SimulatorConfig, simulator
from tests.simulator.client import KEYS, dial, latest, subscribed
from tests.support import free_socket

IEX, SIP, CRYPTO, OPTIONS = "/v2/iex", "/v2/sip", "/v1beta3/crypto/us", "/v1beta1/indicative"
AUTH = {"action": "auth", **KEYS}


async def test_a_trade_by_hand(still: Simulator) -> None:
    """It goes to who is subscribed, on every path of the market, and REST knows it."""
    async with dial(still) as iex, dial(still, SIP) as sip:
        await subscribed(iex, "AAPL")
        await subscribed(sip, "AAPL")
        at = time.time_ns()
        number = still.trade("AAPL", 271.25, size=40, conditions=("@", "I"), ns=at)
        for peer in (iex, sip):
            (trade,) = await peer.read()
            assert (trade["S"], trade["i"], trade["p"], trade["s"]) == ("AAPL", number, 271.25, 40)
            assert trade["c"] == ["@", "I"]
            assert trade["t"].to_unix_nano() == at
    assert (await latest(still, "AAPL"))["i"] == number


async def test_numbers_go_on(still: Simulator) -> None:
    """Each trade of a symbol has its own."""
    first = still.trade("AAPL", 270)
    assert [still.trade("AAPL", 271), still.trade("AAPL", 272)] == [first + 1, first + 2]


async def test_a_late_trade_is_not_the_latest(still: Simulator) -> None:
    """It is sent all the same."""
    async with dial(still) as peer:
        await subscribed(peer, "AAPL")
        now = time.time_ns()
        newest = still.trade("AAPL", 270, ns=now)
        late = still.trade("AAPL", 1, ns=now - 1_000_000)
        assert (await peer.until("t", "AAPL"))["i"] in {newest, late}
    assert (await latest(still, "AAPL"))["i"] == newest


async def test_a_still_market_says_nothing_by_itself(still: Simulator) -> None:
    """A subscription brings no trade; REST knows the founding one."""
    async with dial(still) as peer:
        await subscribed(peer, "AAPL")
        still.quote("AAPL", 270, 270.02)
        (quote,) = await peer.read()
        assert (quote["T"], quote["bp"], quote["ap"]) == ("q", 270, 270.02)
    assert (await latest(still, "AAPL"))["p"] > 0


async def test_crypto_and_options_by_hand(still: Simulator) -> None:
    """With their own fields."""
    contract = "AAPL270115C00300000"
    async with dial(still, CRYPTO) as coins, dial(still, OPTIONS) as contracts:
        await subscribed(coins, "BTC/USD")
        await subscribed(contracts, contract)
        still.trade("BTC/USD", 100_000, size=0.25)
        still.trade(contract, 12.5, size=3)
        assert (await coins.read())[0]["tks"] == "B"
        assert (await contracts.read())[0]["p"] == 12.5


async def test_a_trade_is_corrected(still: Simulator) -> None:
    """The message names both, REST has the right one."""
    async with dial(still) as peer:
        await subscribed(peer, "AAPL")
        number = still.trade("AAPL", 999)
        still.correct("AAPL", number, 271.5)
        amend = await peer.until("c", "AAPL")
        assert (amend["oi"], amend["op"], amend["cp"]) == (number, 999, 271.5)
    assert (await latest(still, "AAPL"))["p"] == 271.5


async def test_a_trade_is_cancelled(still: Simulator) -> None:
    """REST is back at the one before."""
    async with dial(still) as peer:
        await subscribed(peer, "AAPL")
        before, number = still.trade("AAPL", 271), still.trade("AAPL", 999)
        still.cancel("AAPL", number)
        amend = await peer.until("x", "AAPL")
        assert (amend["i"], amend["p"], amend["a"]) == (number, 999, "C")
    assert (await latest(still, "AAPL"))["i"] == before


@pytest.mark.parametrize(
    "wrong",
    [
        lambda sim: sim.trade("ZZZZ", 1),
        lambda sim: sim.quote("not a symbol", 1, 2),
        lambda sim: sim.correct("AAPL", 10**9, 1),
        lambda sim: sim.cancel("AAPL", 10**9),
        lambda sim: sim.cancel("ZZZZ", 1),
        lambda sim: sim.burst(1, "/v3"),
        lambda sim: sim.send("nonsense"),
        lambda sim: sim.send(Bad.GARBAGE, "/v3"),
        lambda sim: sim.error(500, "/v3"),
        lambda sim: sim.freeze("/v3"),
        lambda sim: sim.thaw("/v3"),
        lambda sim: sim.drop_sessions("/v3"),
        lambda sim: sim.clear_faults("/v3"),
    ],
)
async def test_what_cannot_be_done_is_told(still: Simulator, wrong: Callable[[Simulator], object]) -> None:
    """A mistake in a test must not look like a healthy venue."""
    with pytest.raises(ValueError, match=r"\w"):
        wrong(still)


async def test_a_burst(still: Simulator) -> None:
    """So many trades, spread over the subscribed symbols, each with its number, REST with the last."""
    async with dial(still) as peer:
        await subscribed(peer, "AAPL", "MSFT")
        still.burst(2_000)
        trades: list[dict[str, Any]] = []
        while len(trades) < 2_000:
            trades += await peer.read()
        numbers = {name: [each["i"] for each in trades if each["S"] == name] for name in ("AAPL", "MSFT")}
    assert [len(each) for each in numbers.values()] == [1_000, 1_000]
    assert all(each == sorted(set(each)) for each in numbers.values())
    assert (await latest(still, "MSFT"))["i"] == numbers["MSFT"][-1]


async def test_a_bad_frame_reaches_the_client(still: Simulator) -> None:
    """Between good trades of what it is subscribed to, and the connection goes on."""
    async with dial(still) as peer:
        await subscribed(peer, "AAPL")
        still.send(Bad.NEGATIVE)
        first, spoilt, last = await peer.read()
        assert spoilt["p"] < 0 < first["p"]
        assert first["i"] < last["i"]
        still.send("garbage")
        assert (await peer.socket.recv())[:1] == b"\xc1"
        still.send(Bad.TEXT)
        assert isinstance(await peer.socket.recv(), str)
        still.trade("AAPL", 270)
        assert (await peer.read())[0]["p"] == 270
    assert still.dials[IEX] == 1


async def test_ten_megabytes_arrive() -> None:
    """At a client that allows it; another one ends the connection itself."""
    async with simulator(SimulatorConfig(still=True), free_socket()) as sim:
        async with dial(sim, max_size=2**24) as peer:
            await subscribed(peer, "AAPL")
            sim.send(Bad.HUGE)
            assert [each["T"] for each in await peer.read()].count("t") == 2
        async with dial(sim) as small:
            await subscribed(small, "AAPL")
            sim.send(Bad.HUGE)
            with pytest.raises(ConnectionClosed):
                await small.read()


async def test_an_error_in_the_session(still: Simulator) -> None:
    """407 ends it with 1008, any other leaves it."""
    async with dial(still) as peer:
        await subscribed(peer, "AAPL")
        still.error(500, IEX)
        assert (await peer.reply())["code"] == 500
        still.error(407)
        assert (await peer.reply())["code"] == 407
        closed = await peer.end()
        assert closed is not None
        assert closed.code == 1008
