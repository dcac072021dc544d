"""The account's REST calls, over real sockets: what is asked, and what odd answers become."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tapecast.errors import FeedTransient
from tapecast.feeds.alpaca import account_rest as module
from tapecast.feeds.alpaca.account_pairs import Pairs
from tapecast.feeds.alpaca.account_rest import AccountRest
from tapecast.feeds.alpaca.rest_client import RestClient, decode_exact
from tests.feeds.alpaca.trading_venue import TradingVenue, trading
from tests.support import HandClock


@asynccontextmanager
async def reading(venue: TradingVenue, time: HandClock | None = None) -> AsyncIterator[AccountRest]:
    """A client of this venue."""
    async with trading(venue):
        client = RestClient.from_settings(venue.settings(), decode_exact)
        base = f"http://127.0.0.1:{venue.port}"
        yield AccountRest(client, base, Pairs(), (time or HandClock()).clock.now)
        await client.aclose()


async def test_positions_keep_the_venues_words() -> None:
    """Names, strings, nulls and fields that nobody knows; with the keys in the headers."""
    venue = TradingVenue()
    position = {"symbol": "AAPL", "qty": "1.50", "market_value": None, "asset_class": "new", "x": {"y": [1]}}
    venue.answers["/v2/positions"] = [position]
    async with reading(venue) as rest:
        assert await rest.positions() == ([position], 0)
    assert venue.keys == ["the-secret"]


async def test_the_list_of_pairs_is_asked_for_once() -> None:
    """Only when a pair is held, and not again with each poll for a pair that it lacks, but within hours."""
    venue, time = TradingVenue(), HandClock()
    async with reading(venue, time) as rest:
        venue.answers["/v2/positions"] = [{"symbol": "AAPL", "asset_class": "us_equity"}]
        await rest.positions()
        assert venue.calls["/v2/assets"] == 0
        venue.answers["/v2/positions"] = [
            {"symbol": "BTCUSD", "asset_class": "crypto"},
            {"symbol": "NEWUSD", "asset_class": "crypto"},
        ]
        for _ in range(3):
            positions, _left_out = await rest.positions()
            assert [each["symbol"] for each in positions] == ["BTC/USD", "NEW/USD"]
        assert venue.calls["/v2/assets"] == 1
        time.advance(module.ASSETS_AGAIN_S)
        await rest.positions()
        assert venue.calls["/v2/assets"] == 2


async def test_without_the_list_positions_come_all_the_same() -> None:
    """The pairs are guessed."""
    venue = TradingVenue()
    venue.answers["/v2/assets"] = (500, b"", {})
    venue.answers["/v2/positions"] = [{"symbol": "BTCUSD", "asset_class": "crypto"}]
    async with reading(venue) as rest:
        assert (await rest.positions()).items[0]["symbol"] == "BTC/USD"


async def test_recent_orders_are_asked_for() -> None:
    """Of every state, with their legs; the symbols as on the feed, and none for one of several legs."""
    venue = TradingVenue()
    crypto = {"id": "1", "symbol": "BTCUSD", "asset_class": "crypto", "legs": None}
    several = {"id": "2", "symbol": "", "legs": [{"symbol": "ETHUSD", "asset_class": "crypto"}]}
    venue.answers["/v2/orders"] = [crypto, several]
    async with reading(venue) as rest:
        orders, left_out = await rest.orders()
    assert (orders[0]["symbol"], left_out) == ("BTC/USD", 0)
    assert orders[1] == {"id": "2", "symbol": "", "legs": [{"symbol": "ETH/USD", "asset_class": "crypto"}]}
    assert venue.queries[0] == "status=all&limit=50&nested=true&direction=desc"


@pytest.mark.parametrize("entry", [None, 7, "AAPL", [], {}, {"symbol": None}, {"symbol": 7, "id": "1"}])
async def test_an_entry_without_sense_is_left_out(entry: object) -> None:
    """And counted; the good ones beside it count."""
    venue = TradingVenue()
    venue.answers["/v2/positions"] = [{"symbol": "AAPL"}, entry, {"symbol": "MSFT"}]
    async with reading(venue) as rest:
        assert await rest.positions() == ([{"symbol": "AAPL"}, {"symbol": "MSFT"}], 1)


@pytest.mark.parametrize("answer", [{}, {"message": "forbidden."}, None, "text", 7])
async def test_what_is_no_list_is_not_understood(answer: object) -> None:
    """It must not pass for an account without positions."""
    venue = TradingVenue()
    venue.answers |= {"/v2/positions": answer, "/v2/orders": answer}
    async with reading(venue) as rest:
        for call in (rest.positions, rest.orders):
            with pytest.raises(FeedTransient) as caught:
                await call()
            assert caught.value.reason == "rest_not_understood"


@pytest.mark.parametrize("answer", [[], {}, {"message": "oops"}, None, 7, (200, b"<html>", {})])
async def test_what_is_no_account_is_not_understood(answer: object) -> None:
    """It must not pass for an account without money."""
    venue = TradingVenue()
    venue.answers["/v2/account"] = answer
    async with reading(venue) as rest:
        with pytest.raises(FeedTransient) as caught:
            await rest.figures()
    assert caught.value.reason == "rest_not_understood"
