"""The whole simulator, talked to by alpaca-py."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
import uvicorn
from alpaca.data.live import CryptoDataStream, StockDataStream
from alpaca.data.models import Quote, Trade

from tapecast.settings import load
from tapecast.simulator.server import Simulator, SimulatorConfig, environment, simulator
from tests.simulator.client import THIRTY, deaf, dial, stuck
from tests.stalls import stalls
from tests.support import eventually, free_socket

IEX, CRYPTO = "/v2/iex", "/v1beta3/crypto/us"


@asynccontextmanager
async def listening(stream: StockDataStream | CryptoDataStream, *symbols: str) -> AsyncIterator[list[Any]]:
    """Everything that an alpaca-py stream hands to its handlers, while it runs."""
    received: list[Any] = []

    async def keep(message: Any) -> None:
        received.append(message)

    stream.subscribe_trades(keep, *symbols)
    stream.subscribe_quotes(keep, *symbols)
    task = asyncio.create_task(stream._run_forever())
    try:
        yield received
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await stream.close()


def stocks(sim: Simulator, *, raw: bool) -> StockDataStream:
    """alpaca-py's stock stream, pointed here."""
    env = sim.environment()
    keys = env["ALPACA_PAPER_API_KEY"], env["ALPACA_PAPER_SECRET_KEY"]
    return StockDataStream(*keys, raw_data=raw, url_override=env["ALPACA_STREAM_URL"])


def crypto(sim: Simulator, *, raw: bool) -> CryptoDataStream:
    """alpaca-py's crypto stream, pointed here."""
    url = sim.environment()["ALPACA_CRYPTO_STREAM_URL"]
    return CryptoDataStream("simulated", "simulated", raw_data=raw, url_override=url)


async def test_alpaca_py_parses_stocks(sim: Simulator) -> None:
    """Its models take our trades and quotes."""
    async with listening(stocks(sim, raw=False), "AAPL", "BRK.B") as received:
        await eventually(
            lambda: (
                {(type(each), each.symbol) for each in received}
                == {
                    (Trade, "AAPL"),
                    (Quote, "AAPL"),
                    (Trade, "BRK.B"),
                    (Quote, "BRK.B"),
                }
            )
        )
        assert sim.subscribed(IEX) == {"AAPL", "BRK.B"}
    assert all(each.exchange == "V" for each in received if isinstance(each, Trade))


async def test_alpaca_py_parses_crypto(sim: Simulator) -> None:
    """With fractional sizes."""
    async with listening(crypto(sim, raw=False), "BTC/USD") as received:
        await eventually(lambda: {type(each) for each in received} == {Trade, Quote})
    assert 0 < next(each.size for each in received if isinstance(each, Trade)) < 1


async def test_alpaca_py_reads_raw_messages(sim: Simulator) -> None:
    """Time is a timestamp with nanoseconds, and it is now."""
    async with listening(stocks(sim, raw=True), "AAPL") as received:
        await eventually(lambda: len(received) > 20)
    assert all(abs(each["t"].to_unix() - time.time()) < 60 for each in received)
    assert any(each["t"].to_unix_nano() % 1000 for each in received)


async def test_every_open_symbol_keeps_trading(sim: Simulator) -> None:
    """Thirty symbols at once, each prints twice."""
    async with listening(stocks(sim, raw=True), *THIRTY) as received:
        await eventually(lambda: _traded(received, "AAPL"))
        first = len(received)
        await eventually(lambda: all(_traded(received[first:], symbol) for symbol in THIRTY))


def _traded(received: list[dict[str, Any]], symbol: str) -> bool:
    return any((each["T"], each["S"]) == ("t", symbol) for each in received)


async def test_dials_are_counted(sim: Simulator) -> None:
    """By path, also those that never authenticate."""
    for _ in range(2):
        async with dial(sim) as peer:
            await peer.reply()
    assert (sim.dials[IEX], sim.dials[CRYPTO]) == (2, 0)
    assert sim.subscribed(IEX) == frozenset()


async def test_sessions_can_be_closed_with_a_code(sim: Simulator) -> None:
    """All of them, and the slots are free when the call returns."""
    async with dial(sim) as first, dial(sim, CRYPTO) as second, dial(sim) as third:
        await first.enter()
        await second.enter()
        await sim.close_sessions(1012)
        async with dial(sim) as again:
            await again.enter()
        for peer in (first, second, third):
            closed = await peer.end()
            assert closed is not None
            assert closed.code == 1012


async def test_it_is_gone_when_left() -> None:
    """Its clients are told, and nothing answers on its port."""
    async with contextlib.AsyncExitStack() as clients:
        async with simulator(SimulatorConfig(), free_socket()) as sim:
            http = await clients.enter_async_context(httpx.AsyncClient())
            await http.get(sim.base)
            peer = await clients.enter_async_context(dial(sim))
            await peer.enter()
        closed = await peer.end()
        assert closed is not None
        assert closed.code == 1012
        with pytest.raises(httpx.ConnectError):
            await http.get(sim.base)


async def test_a_client_that_does_not_read_cannot_keep_it() -> None:
    """Leaving cuts it off in the end, also while its socket takes nothing."""
    async with contextlib.AsyncExitStack() as clients:
        async with simulator(SimulatorConfig(rate=100), free_socket()) as sim:
            peer = await clients.enter_async_context(deaf(sim))
            (session,) = sim._endpoints[IEX].sessions
            await eventually(stuck(sim), "the deaf client's socket is full")
            started = time.monotonic()
        assert stalls.ran_s(started) < 5
        assert session.ended.is_set()
        assert await peer.end() is None, "cut, since it would not have read a close frame"


async def test_whoever_is_still_there_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shutdown that reaches nobody leaves no open socket behind."""

    async def futile(self: uvicorn.Server, sockets: object) -> None:
        for listener in self.servers:
            listener.close()

    monkeypatch.setattr(uvicorn.Server, "shutdown", futile)
    async with contextlib.AsyncExitStack() as clients:
        async with simulator(SimulatorConfig(), free_socket()) as sim:
            peer = await clients.enter_async_context(dial(sim))
            await peer.enter()
        assert await peer.end() is None


async def _with_a_failing_market() -> None:
    async with simulator(SimulatorConfig(), free_socket()) as sim, dial(sim) as peer:
        await peer.enter()
        sim.market.advance = Mock(side_effect=LookupError)  # type: ignore[method-assign]
        assert await peer.end() is not None


async def test_a_market_that_fails_ends_the_simulator() -> None:
    """Clients are told, and the error comes out: a venue that is silent would be believed."""
    with pytest.raises(LookupError):
        await _with_a_failing_market()


async def test_it_leaves_signals_alone() -> None:
    """The process that hosts it decides what Ctrl-C means."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    async with simulator(SimulatorConfig(), free_socket()):
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


async def test_a_failing_body_is_not_hidden() -> None:
    """An error inside comes out as it is, after the simulator is gone."""
    with pytest.raises(LookupError):
        async with simulator(SimulatorConfig(), free_socket()):
            raise LookupError


def test_the_environment_needs_nothing_running() -> None:
    """And is what our own settings accept."""
    env = environment("127.0.0.1", 8100, SimulatorConfig(key="k", secret="s"))
    settings = load(env)
    assert settings.feed == "simulated"
    assert settings.has_alpaca_keys
    assert settings.alpaca_stream_url == "ws://127.0.0.1:8100/v2/iex"
    assert settings.alpaca_crypto_stream_url == "ws://127.0.0.1:8100/v1beta3/crypto/us"
    assert settings.alpaca_options_stream_url == "ws://127.0.0.1:8100/v1beta1/indicative"
    assert settings.alpaca_data_url == settings.alpaca_trading_url == "http://127.0.0.1:8100"


async def test_the_same_seed_is_the_same_market() -> None:
    """Prices of a fresh simulator are those of another one with its seed."""
    prices = []
    for seed in (5, 5, 6):
        async with simulator(SimulatorConfig(seed=seed), free_socket()) as sim:
            image = sim.market.image("AAPL", 1_795_216_260_000_000_000)
            assert image is not None
            assert image.previous is not None
            prices.append((image.trade.price, image.previous.close))
    assert prices[0] == prices[1] != prices[2]
