"""Alpaca's REST side: the local Alpaca for what is healthy, scripted answers for what is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import httpx
import pytest

from tapecast.errors import FeedFatal, FeedTransient
from tapecast.feeds.alpaca import rest as rest_module
from tapecast.feeds.alpaca.hours import MarketClock
from tapecast.feeds.alpaca.pace import Pace
from tapecast.feeds.alpaca.rest import DATA_URL, SYMBOLS_PER_CALL, TRADING_URL, AlpacaRest
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
    return AlpacaRest(client, "http://data", "http://trading", FEEDS, Pace(AT_ONCE, 1), simulated=False)


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
    """Snapshots of both markets, the clock, the account, and positions in the stream's spelling."""
    async with local_alpaca() as rest:
        snapshots = {each.symbol: each for each in await rest.snapshots(["AAPL", "BTC/USD"])}
        assert snapshots.keys() == {"AAPL", "BTC/USD"}
        assert all(
            each.trade and each.quote and each.day and each.previous_day for each in snapshots.values()
        )
        assert isinstance(await rest.clock(), MarketClock)
        assert await rest.account()
        assert (await rest.assets_crypto())["BTCUSD"] == "BTC/USD"
        symbols = {each["symbol"] for each in await rest.positions()}
        assert "AAPL" in symbols
        assert "BTCUSD" not in symbols
        assert rest.simulated


async def test_defaults_are_alpacas() -> None:
    """Without settings the client talks to Alpaca, with the keys in the headers and in no repr."""
    async with AlpacaRest.from_settings(load(KEYS)) as rest:
        assert (rest._data, rest._trading, rest._feeds[Market.US_EQUITY]) == (DATA_URL, TRADING_URL, "iex")
        assert rest._client.headers["APCA-API-KEY-ID"] == "the-key"
        assert "the-secret" not in repr(rest)
        assert not rest.simulated


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
    ("status", "error", "reason"),
    [
        (401, FeedFatal, "auth_failed"),
        (403, FeedFatal, "auth_failed"),
        (404, FeedFatal, "request_refused"),
        (429, FeedTransient, "rate_limited"),
        (500, FeedTransient, "rest_unavailable"),
        (302, FeedTransient, "rest_unavailable"),
    ],
)
async def test_each_status_has_its_error(
    status: int, error: type[FeedFatal | FeedTransient], reason: str
) -> None:
    """What will fail again is fatal, what may pass is transient; the status is kept."""
    async with scripted(lambda _: httpx.Response(status)) as rest:
        for call in (rest.clock, rest.positions, rest.account, lambda: rest.snapshots(["AAPL"])):
            with pytest.raises(error) as caught:
                await call()
            assert (caught.value.reason, caught.value.code) == (reason, status)


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


async def test_lists_that_are_none_may_pass() -> None:
    """An object instead of the list of positions is not understood."""
    async with scripted(lambda _: httpx.Response(200, json={})) as rest:
        with pytest.raises(FeedTransient):
            await rest.positions()


@pytest.mark.parametrize(("is_open", "change"), [(True, "next_close"), (False, "next_open")])
async def test_the_clock_says_when_it_changes(is_open: bool, change: str) -> None:
    """An open market changes at its close, a closed one at its opening."""
    when = "2026-11-02T16:00:00-05:00"
    answer = {"is_open": is_open, "next_open": "x", "next_close": "x"} | {change: when}
    async with scripted(lambda _: httpx.Response(200, json=answer)) as rest:
        assert await rest.clock() == MarketClock(is_open, parse_rfc3339(when))


async def test_positions_of_crypto_are_spelled_as_on_the_stream() -> None:
    """The asset list is asked once, and only when a pair is held; an unknown pair keeps its spelling."""
    assets = 0

    def handler(request: httpx.Request) -> httpx.Response:
        nonlocal assets
        if request.url.path == "/v2/assets":
            assets += 1
            return httpx.Response(200, json=[{"symbol": "BTC/USD"}, {"symbol": None}, 7])
        held = [{"symbol": "AAPL", "qty": "1.50"}, {"symbol": "BTCUSD", "asset_class": "crypto"}]
        return httpx.Response(200, json=held)

    async with scripted(handler) as rest:
        for _ in range(2):
            positions = await rest.positions()
    assert [each["symbol"] for each in positions] == ["AAPL", "BTC/USD"]
    assert positions[0]["qty"] == "1.50"
    assert assets == 1


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("no"), httpx.ReadTimeout("slow"), httpx.InvalidURL("bad")]
)
async def test_what_cannot_be_reached_may_pass(error: Exception) -> None:
    """Every failure of the way there is one kind of failure."""

    def handler(_: httpx.Request) -> httpx.Response:
        raise error

    async with scripted(handler) as rest:
        with pytest.raises(FeedTransient) as caught:
            await rest.clock()
    assert caught.value.reason == "rest_unreachable"


async def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole answer has a limit, not only each step of it."""
    monkeypatch.setattr(rest_module, "ANSWER_S", 0.05)
    with free_socket() as sock:
        place = f"http://127.0.0.1:{sock.getsockname()[1]}"
        async with AlpacaRest.from_settings(load(KEYS | {"ALPACA_TRADING_URL": place})) as rest:
            async with asyncio.timeout(30):
                with pytest.raises(FeedTransient):
                    await rest.clock()
