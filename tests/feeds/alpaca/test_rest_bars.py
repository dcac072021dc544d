"""Bars by REST: the local Alpaca's, and pages and failures as they are scripted."""

from __future__ import annotations

import time

import httpx
import pytest

from tapecast.bars import Interval, VenueBar
from tapecast.errors import FeedFatal, FeedTransient
from tapecast.feeds.alpaca.pace import Pace
from tapecast.feeds.alpaca.rest import DELAYED_NS, PAGES_MOST, AlpacaRest
from tapecast.feeds.alpaca.rest_client import RestClient
from tapecast.market import Market, parse_rfc3339, rfc3339
from tapecast.settings import load
from tapecast.simulator.hours import MINUTE
from tapecast.simulator.server import SimulatorConfig, simulator
from tests.feeds.alpaca.test_rest import AT_ONCE, scripted
from tests.support import free_socket

START = parse_rfc3339("2026-11-20T15:04:00Z")
BAR = {"t": "2026-11-20T15:04:00Z", "o": 1, "h": 3, "l": 1, "c": 2, "v": 10, "n": 4, "vw": 2}


async def test_the_local_alpaca_has_bars() -> None:
    """Of every market and length."""
    async with (
        simulator(SimulatorConfig(still=True), free_socket()) as venue,
        AlpacaRest.from_settings(load(venue.environment()), Pace(AT_ONCE, 1)) as rest,
    ):
        for symbol in ("AAPL", "BTC/USD", "AAPL270115C00300000"):
            now = time.time_ns()
            start = now - now % (60 * MINUTE) - 60 * MINUTE
            # The first trade of its own: in a minute that might be over between two answers.
            venue.market.image(symbol, start - MINUTE)
            for minute in (0, 1, 7):
                venue.trade(symbol, 10.0 + minute, 2, ns=now - now % MINUTE - (10 - minute) * MINUTE)
            lengths = (Interval.MINUTE, Interval.HOUR)
            answers = [await rest.bars([symbol], interval, start) for interval in lengths]
            minutes, hours = (answer.bars[symbol] for answer in answers)
            assert [bar.open for bar in minutes][:3] == [10.0, 11.0, 17.0]
            assert sum(bar.trades for bar in hours) == sum(bar.trades for bar in minutes)
            assert all(now <= answer.until_ns <= time.time_ns() for answer in answers)


async def test_pages_are_put_together() -> None:
    """What is asked for is named in each question."""
    asked: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        pages = {None: ("AAPL", "2"), "2": ("MSFT", "3"), "3": ("AAPL", None)}
        symbol, token = pages[request.url.params.get("page_token")]
        return httpx.Response(200, json={"bars": {symbol: [BAR]}, "next_page_token": token})

    found = await scripted(answer).bars(["AAPL", "MSFT"], Interval.MINUTE, START)
    bar = VenueBar("AAPL", START, 1.0, 3.0, 1.0, 2.0, 10.0, 4, 2.0)
    assert found.bars["AAPL"] == [bar, bar]
    assert len(found.bars["MSFT"]) == 1
    assert [params.pop("page_token", None) for params in asked] == [None, "2", "3"]
    expected = {"symbols": "AAPL,MSFT", "timeframe": "1Min", "start": "2026-11-20T15:04:00Z"}
    assert asked == [expected | {"limit": "10000", "feed": "sip"}] * 3


async def test_pages_without_end_come_to_one() -> None:
    """Each takes a place in the account's pace."""
    asked = 0

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(200, json={"bars": {}, "next_page_token": "more"})

    assert (await scripted(answer).bars(["AAPL"], Interval.MINUTE, START)).bars == {}
    assert asked == PAGES_MOST


@pytest.mark.parametrize(("feed", "history"), [("delayed_sip", "sip"), ("overnight", "boats")])
async def test_a_delayed_feed_knows_a_quarter_of_an_hour_less(
    monkeypatch: pytest.MonkeyPatch, feed: str, history: str
) -> None:
    """Its history has another name at the venue, and newer bars of that are not in everybody's plan."""
    monkeypatch.setattr("time.time_ns", lambda: START)
    asked: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        return httpx.Response(200, json={"bars": {}})

    feeds, pace, hour = {Market.US_EQUITY: feed}, Pace(AT_ONCE, 1), 60 * MINUTE
    client = RestClient(httpx.AsyncClient(transport=httpx.MockTransport(answer)))
    async with AlpacaRest(client, "http://data", "http://t", feeds, pace) as rest:
        assert (await rest.bars(["AAPL"], Interval.MINUTE, START - hour)).until_ns == START - DELAYED_NS
        assert (await rest.bars(["BTC/USD"], Interval.MINUTE, START - hour)).until_ns == START
        assert (await rest.bars(["AAPL"], Interval.MINUTE, START - DELAYED_NS)).bars == {}
    assert [(params.get("feed"), params.get("end")) for params in asked] == [
        (history, rfc3339(START - DELAYED_NS)),
        (None, None),
    ], "what nobody can have is not asked for"


async def test_the_last_calls_are_left_to_others() -> None:
    """Who trades needs them, and history can wait."""
    reset = str(int(time.time()) + 30)
    headers = {"x-ratelimit-remaining": "5", "x-ratelimit-reset": reset}
    answers = [httpx.Response(200, json={"bars": {}, "next_page_token": "2"}, headers=headers)]
    with pytest.raises(FeedTransient) as refused:
        await scripted(lambda _: answers.pop()).bars(["AAPL"], Interval.MINUTE, START)
    assert not answers
    assert refused.value.reason == "rate_limited"
    assert 20 < (refused.value.retry_after or 0) <= 30


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(200, json=[]), FeedTransient),
        (httpx.Response(200, text="oops"), FeedTransient),
        (httpx.Response(500), FeedTransient),
        (httpx.Response(403, json={"message": "forbidden."}), FeedFatal),
        (httpx.Response(422), FeedFatal),
    ],
)
async def test_failures_are_typed(answer: httpx.Response, error: type[Exception]) -> None:
    """As with every other call."""
    with pytest.raises(error):
        await scripted(lambda _: answer).bars(["AAPL"], Interval.MINUTE, START)
