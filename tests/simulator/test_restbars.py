"""Bars by REST, as alpaca-py and plain HTTP see them; and the channels of the stream."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from alpaca.data.historical import CryptoHistoricalDataClient, StockHistoricalDataClient
from alpaca.data.requests import CryptoBarsRequest, StockBarsRequest
from alpaca.data.timeframe import TimeFrame, TimeFrameUnit

from tapecast.market import parse_rfc3339, rfc3339
from tapecast.simulator.hours import MINUTE
from tapecast.simulator.server import Simulator

KEYS = {"APCA-API-KEY-ID": "simulated", "APCA-API-SECRET-KEY": "simulated"}


def printed(still: Simulator, symbol: str, *prices: float) -> int:
    """One print in each of the newest minutes that are over; the first of them."""
    now = int(datetime.now(UTC).timestamp()) * 10**9
    # Its market has a first trade of its own: an hour ago, or its minute might be over at any moment.
    still.market.image(symbol, now - 60 * MINUTE)
    first = now - now % MINUTE - len(prices) * MINUTE
    for number, price in enumerate(prices):
        still.trade(symbol, price, ns=first + number * MINUTE)
    return first


async def asked(still: Simulator, path: str, **params: str) -> httpx.Response:
    """The answer of one path."""
    async with httpx.AsyncClient(base_url=still.base, headers=KEYS) as client:
        return await client.get(path, params=params)


async def test_pages(still: Simulator) -> None:
    """Symbol by symbol, with the name of the next page until the last."""
    first = printed(still, "AAPL", 1.0, 2.0, 3.0)
    printed(still, "MSFT", 4.0, 5.0)
    params = {"symbols": "MSFT,AAPL", "timeframe": "1Min", "limit": "2", "start": rfc3339(first)}
    token, pages = None, []
    while True:
        answer = await asked(still, "/v2/stocks/bars", **params, **({"page_token": token} if token else {}))
        page: dict[str, Any] = answer.json()
        pages.append({symbol: [bar["c"] for bar in bars] for symbol, bars in page["bars"].items()})
        token = page["next_page_token"]
        if token is None:
            break
    assert pages[0] == {"AAPL": [1.0, 2.0]}
    assert pages[1] == {"AAPL": [3.0], "MSFT": [4.0]}
    assert pages[2]["MSFT"] == [5.0]
    answer = await asked(still, "/v2/stocks/bars", symbols="AAPL", timeframe="1Min")
    founding, *bars = answer.json()["bars"]["AAPL"]
    assert parse_rfc3339(founding["t"]) < parse_rfc3339(bars[0]["t"]) == first


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"symbols": "AAPL"}, 400),
        ({"symbols": "AAPL", "timeframe": "2Min"}, 400),
        ({"timeframe": "1Min"}, 400),
        ({"symbols": "BTC/USD", "timeframe": "1Min"}, 400),
        ({"symbols": "AAPL", "timeframe": "1Min", "start": "today"}, 400),
        ({"symbols": "AAPL", "timeframe": "1Min", "limit": "many"}, 400),
        ({"symbols": "AAPL", "timeframe": "1Min"}, 200),
    ],
)
async def test_bad_questions(still: Simulator, params: dict[str, str], status: int) -> None:
    """As at the venue: a message, and 400; nothing known is an empty answer."""
    assert (await asked(still, "/v2/stocks/bars", **params)).status_code == status


async def test_keys_are_looked_at(still: Simulator) -> None:
    """Of stocks and options, and of crypto where they are given."""
    async with httpx.AsyncClient(base_url=still.base) as client:
        answers = [
            (await client.get(path, params={"symbols": symbol, "timeframe": "1Min"})).status_code
            for path, symbol in (
                ("/v2/stocks/bars", "AAPL"),
                ("/v1beta1/options/bars", "AAPL270115C00300000"),
                ("/v1beta3/crypto/us/bars", "BTC/USD"),
            )
        ]
    assert answers == [403, 403, 200]


async def test_alpaca_py_reads_them(still: Simulator) -> None:
    """Its own models and its own paging; the venue's five minutes are five of its minutes."""
    first = printed(still, "AAPL", 1.0, 2.0, 3.0)
    stocks: Any = StockHistoricalDataClient("simulated", "simulated", url_override=still.base)
    start = datetime.fromtimestamp(first / 1e9, UTC)
    request = StockBarsRequest(symbol_or_symbols="AAPL", timeframe=TimeFrame.Minute, start=start)
    bars = (await asyncio.to_thread(stocks.get_stock_bars, request)).data["AAPL"]
    assert [bar.close for bar in bars][:3] == [1.0, 2.0, 3.0]
    assert bars[0].timestamp == start
    five = TimeFrame(5, TimeFrameUnit("Min"))
    request = StockBarsRequest(symbol_or_symbols="AAPL", timeframe=five, start=start)
    longer = (await asyncio.to_thread(stocks.get_stock_bars, request)).data["AAPL"]
    assert sum(bar.volume for bar in longer) == sum(bar.volume for bar in bars)
    crypto: Any = CryptoHistoricalDataClient(url_override=still.base)
    printed(still, "BTC/USD", 100.0)
    asking = CryptoBarsRequest(symbol_or_symbols="BTC/USD", timeframe=TimeFrame.Minute, start=start)
    assert (await asyncio.to_thread(crypto.get_crypto_bars, asking)).data["BTC/USD"][0].close == 100.0
