"""Alpaca's REST side: the local Alpaca for what is healthy, scripted answers for what is not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import httpx
import pytest

from tapecast.errors import FeedTransient
from tapecast.feeds.alpaca import rest as rest_module
from tapecast.feeds.alpaca.hours import MarketClock
from tapecast.feeds.alpaca.pace import Pace
from tapecast.feeds.alpaca.rest import DATA_URL, SYMBOLS_PER_CALL, AlpacaRest
from tapecast.feeds.alpaca.rest_client import TRADING_URL, RestClient
from tapecast.market import Market, parse_rfc3339
from tapecast.settings import load
from tapecast.simulator.server import SimulatorConfig, simulator
from tests.support import free_socket

Handler = Callable[[httpx.Request], httpx.Response]
KEYS = {"ALPACA_PAPER_API_KEY": "the-key", "ALPACA_PAPER_SECRET_KEY": "the-secret"}
FEEDS = {Market.US_EQUITY: "sip", Market.US_OPTION: "indicative"}
AT_ONCE = 10**6


def scripted(handler: Handler) -> AlpacaRest:
    """A client whose every call ends in `handler`."""
    client = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return AlpacaRest(RestClient(client), "http://data", "http://trading", FEEDS, Pace(AT_ONCE, 1))


def asked(request: httpx.Request) -> list[str]:
    """The symbols of a request."""
    return parse_qs(request.url.query.decode())["symbols"][0].split(",")


def known(request: httpx.Request) -> httpx.Response:
    """Every symbol that is asked for."""
    return httpx.Response(200, json={symbol: {} for symbol in asked(request)})


@asynccontextmanager
async def local_alpaca() -> AsyncIterator[AlpacaRest]:
    """A client of a running simulator."""
    async with (
        simulator(SimulatorConfig(), free_socket()) as venue,
        AlpacaRest.from_settings(load(venue.environment())) as rest,
    ):
        yield rest


async def test_the_local_alpaca_answers_everything() -> None:
    """Snapshots of both markets, and the clock."""
    async with local_alpaca() as rest:
        snapshots = {each.symbol: each for each in await rest.snapshots(["AAPL", "BTC/USD"])}
        assert snapshots.keys() == {"AAPL", "BTC/USD"}
        assert all(
            each.trade and each.quote and each.day and each.previous_day for each in snapshots.values()
        )
        assert isinstance(await rest.clock(), MarketClock)


async def test_defaults_are_alpacas() -> None:
    """Without settings the client talks to Alpaca, with the keys in no repr."""
    async with AlpacaRest.from_settings(load(KEYS)) as rest:
        assert (rest._data, rest._trading, rest._feeds[Market.US_EQUITY]) == (DATA_URL, TRADING_URL, "iex")
        assert "the-secret" not in repr(rest)


async def test_the_test_stream_asks_for_a_feed_that_exists() -> None:
    """The REST side knows no feed `test`."""
    async with AlpacaRest.from_settings(load(KEYS | {"ALPACA_FEED": "test"})) as rest:
        assert rest._feeds[Market.US_EQUITY] == "iex"


async def test_symbols_are_encoded_and_split_by_market_and_hundreds() -> None:
    """A slash is encoded, the feed is named for stocks, and no call asks for more than one may."""
    requests: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return known(request)

    stocks = [f"A{number}" for number in range(SYMBOLS_PER_CALL + 1)]
    async with scripted(handler) as rest:
        assert len(await rest.snapshots([*stocks, "BTC/USD"])) == SYMBOLS_PER_CALL + 2
    assert [len(asked(request)) for request in requests] == [SYMBOLS_PER_CALL, 1, 1]
    assert requests[1].url.raw_path == b"/v2/stocks/snapshots?symbols=A100&feed=sip"
    assert requests[2].url.raw_path == b"/v1beta3/crypto/us/snapshots?symbols=BTC%2FUSD"


@pytest.mark.parametrize("status", [400, 422])
async def test_one_bad_symbol_does_not_lose_the_others(status: int) -> None:
    """A refused batch is halved until the bad symbol stands alone."""

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status) if "BAD" in asked(request) else known(request)

    good = [f"A{number}" for number in range(SYMBOLS_PER_CALL - 1)]
    async with scripted(handler) as rest:
        found = await rest.snapshots([*good[:30], "BAD", *good[30:]])
    assert {each.symbol for each in found} == set(good)


async def test_a_side_that_refuses_everything_is_soon_left_alone() -> None:
    """Halving a batch that is refused for another reason ends after a few calls."""
    calls = 0

    def handler(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        return httpx.Response(400)

    async with scripted(handler) as rest:
        assert await rest.snapshots([f"A{number}" for number in range(SYMBOLS_PER_CALL)]) == []
    assert calls == rest_module.MAX_REFUSALS + 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"1",
        b'"text"',
        b"\xff",
        b"[" * 5000,
        b"1" * 400,
        b'{"is_open":1}',
        b'{"is_open":true}',
        b'{"is_open":true,"next_close":"soon"}',
    ],
)
async def test_an_answer_without_sense_may_pass(body: bytes) -> None:
    """A clock that is none is a failure, never an exception of a parser."""
    async with scripted(lambda _: httpx.Response(200, content=body)) as rest:
        with pytest.raises(FeedTransient) as caught:
            await rest.clock()
    assert caught.value.reason == "rest_not_understood"


@pytest.mark.parametrize(("is_open", "change"), [(True, "next_close"), (False, "next_open")])
async def test_the_clock_says_when_it_changes(is_open: bool, change: str) -> None:
    """An open market changes at its close, a closed one at its opening."""
    when = "2026-11-02T16:00:00-05:00"
    answer = {"is_open": is_open, "next_open": "x", "next_close": "x"} | {change: when}
    async with scripted(lambda _: httpx.Response(200, json=answer)) as rest:
        assert await rest.clock() == MarketClock(is_open, parse_rfc3339(when))
