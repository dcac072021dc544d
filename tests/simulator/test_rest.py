"""The REST half, as alpaca-py and plain HTTP see it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from alpaca.common.exceptions import APIError
from alpaca.data.historical import (
    CryptoHistoricalDataClient,
    OptionHistoricalDataClient,
    StockHistoricalDataClient,
)
from alpaca.data.requests import (
    CryptoLatestQuoteRequest,
    CryptoLatestTradeRequest,
    CryptoSnapshotRequest,
    OptionLatestQuoteRequest,
    OptionLatestTradeRequest,
    OptionSnapshotRequest,
    StockLatestQuoteRequest,
    StockLatestTradeRequest,
    StockSnapshotRequest,
)
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import AssetClass, PositionSide
from alpaca.trading.requests import GetAssetsRequest

from tapecast.simulator import hours
from tapecast.simulator.server import Simulator, SimulatorConfig, simulator
from tests.support import free_socket
from tests.tapes import trade, written

ask = asyncio.to_thread  # alpaca-py blocks
HEADERS = {"APCA-API-KEY-ID": "simulated", "APCA-API-SECRET-KEY": "simulated"}


@pytest.fixture
async def http(sim: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the right keys."""
    async with httpx.AsyncClient(base_url=sim.base, headers=HEADERS) as client:
        yield client


async def test_alpaca_py_reads_stocks(sim: Simulator) -> None:
    """Latest trade and quote agree with the snapshot; an unlisted symbol is missing."""
    client: Any = StockHistoricalDataClient("simulated", "simulated", url_override=sim.base)
    symbols = ["AAPL", "BRK.B", "ZZZZ"]
    trades = await ask(client.get_stock_latest_trade, StockLatestTradeRequest(symbol_or_symbols=symbols))
    quotes = await ask(client.get_stock_latest_quote, StockLatestQuoteRequest(symbol_or_symbols=symbols))
    snapshots = await ask(client.get_stock_snapshot, StockSnapshotRequest(symbol_or_symbols=symbols))
    assert trades.keys() == quotes.keys() == snapshots.keys() == {"AAPL", "BRK.B"}
    for symbol, snapshot in snapshots.items():
        assert quotes[symbol].bid_price < quotes[symbol].ask_price
        assert snapshot.daily_bar.low <= snapshot.latest_trade.price <= snapshot.daily_bar.high
        assert snapshot.latest_trade.price == pytest.approx(trades[symbol].price, rel=0.01)
        assert snapshot.previous_daily_bar.timestamp < snapshot.daily_bar.timestamp
        assert snapshot.minute_bar is not None


async def test_alpaca_py_reads_crypto_without_keys(sim: Simulator) -> None:
    """As at the venue, crypto data is open."""
    client: Any = CryptoHistoricalDataClient(url_override=sim.base)
    symbols = ["BTC/USD", "ZZZ/USD"]
    trades = await ask(client.get_crypto_latest_trade, CryptoLatestTradeRequest(symbol_or_symbols=symbols))
    quotes = await ask(client.get_crypto_latest_quote, CryptoLatestQuoteRequest(symbol_or_symbols=symbols))
    snapshots = await ask(client.get_crypto_snapshot, CryptoSnapshotRequest(symbol_or_symbols=symbols))
    assert trades.keys() == quotes.keys() == snapshots.keys() == {"BTC/USD"}
    assert snapshots["BTC/USD"].previous_daily_bar.close > 0


async def test_alpaca_py_reads_the_account(sim: Simulator) -> None:
    """Its models take the account, the positions, the clock and the assets."""
    client: Any = TradingClient("simulated", "simulated", url_override=sim.base)
    account = await ask(client.get_account)
    positions = await ask(client.get_all_positions)
    clock = await ask(client.get_clock)
    assets = await ask(client.get_all_assets, GetAssetsRequest(asset_class=AssetClass.CRYPTO))
    assert Decimal(account.equity) > 0
    assert {each.side for each in positions} == {PositionSide.LONG, PositionSide.SHORT}
    assert clock.is_open
    assert clock.timestamp < clock.next_close < clock.next_open
    assert "BTC/USD" in {each.symbol for each in assets}
    assert {each.asset_class for each in assets} == {AssetClass.CRYPTO}


async def test_alpaca_py_reads_options(sim: Simulator) -> None:
    """Any contract on a listed stock; conditions are text."""
    client: Any = OptionHistoricalDataClient("simulated", "simulated", url_override=sim.base)
    symbols = ["AAPL270319C00270000", "SPY270319P00600000", "ZZZZ270319C00270000"]
    trades = await ask(client.get_option_latest_trade, OptionLatestTradeRequest(symbol_or_symbols=symbols))
    quotes = await ask(client.get_option_latest_quote, OptionLatestQuoteRequest(symbol_or_symbols=symbols))
    snapshots = await ask(client.get_option_snapshot, OptionSnapshotRequest(symbol_or_symbols=symbols))
    assert trades.keys() == quotes.keys() == snapshots.keys() == set(symbols[:2])
    for symbol, snapshot in snapshots.items():
        assert (trades[symbol].conditions, trades[symbol].exchange) == ("I", "C")
        assert quotes[symbol].bid_price < quotes[symbol].ask_price
        assert snapshot.latest_trade.price == pytest.approx(trades[symbol].price, rel=0.05)
        assert snapshot.latest_quote.bid_size > 0


async def test_alpaca_py_raises_on_wrong_keys(sim: Simulator) -> None:
    """The trading host answers 401."""
    client = TradingClient("simulated", "wrong", url_override=sim.base)
    with pytest.raises(APIError, match="unauthorized") as refused:
        await ask(client.get_account)
    assert refused.value.status_code == 401


@pytest.mark.parametrize("headers", [{}, HEADERS | {"APCA-API-SECRET-KEY": "wrong"}])
async def test_the_data_host_refuses_wrong_keys(sim: Simulator, headers: dict[str, str]) -> None:
    """With the venue's 403."""
    async with httpx.AsyncClient(base_url=sim.base, headers=headers) as client:
        answer = await client.get("/v2/stocks/snapshots?symbols=AAPL")
    assert (answer.status_code, answer.json()) == (403, {"message": "forbidden."})


async def test_crypto_with_wrong_keys_is_refused(sim: Simulator) -> None:
    """No keys are fine, wrong ones are not."""
    async with httpx.AsyncClient(base_url=sim.base, headers={"APCA-API-KEY-ID": "wrong"}) as client:
        answer = await client.get("/v1beta3/crypto/us/snapshots?symbols=BTC/USD")
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v2/stocks/snapshots", "symbols is required"),
        ("/v2/stocks/snapshots?symbols=", "symbols is required"),
        ("/v2/stocks/snapshots?symbols=AAPL,BTC/USD", "invalid symbol: BTC/USD"),
        ("/v1beta3/crypto/us/snapshots?symbols=BTCUSD", "invalid symbol: BTCUSD"),
        ("/v1beta1/options/snapshots?symbols=AAPL", "invalid symbol: AAPL"),
        (
            f"/v1beta1/options/snapshots?symbols={','.join(['AAPL270319C00270000'] * 101)}",
            "too many symbols: at most 100",
        ),
    ],
)
async def test_bad_symbols_are_named(http: httpx.AsyncClient, path: str, message: str) -> None:
    """400, with the venue's one field."""
    answer = await http.get(path)
    assert (answer.status_code, answer.json()) == (400, {"message": message})


async def test_shapes_are_the_venues(http: httpx.AsyncClient) -> None:
    """Stock snapshots are a bare map, everything else is under a key."""
    stocks = (await http.get("/v2/stocks/snapshots?symbols=AAPL,MSFT&feed=iex")).json()
    assert stocks.keys() == {"AAPL", "MSFT"}
    assert (await http.get("/v2/stocks/trades/latest?symbols=AAPL")).json().keys() == {"trades"}
    assert (await http.get("/v1beta3/crypto/us/latest/quotes?symbols=BTC/USD")).json().keys() == {"quotes"}
    assert (await http.get("/v1beta3/crypto/us/snapshots?symbols=ZZZ/USD")).json() == {"snapshots": {}}
    option = "AAPL270319C00270000"
    snapshots = (await http.get(f"/v1beta1/options/snapshots?symbols={option}&feed=indicative")).json()
    assert snapshots.keys() == {"snapshots", "next_page_token"}
    assert snapshots["snapshots"][option].keys() >= {"latestTrade", "latestQuote", "dailyBar", "prevDailyBar"}
    assert snapshots["snapshots"][option]["latestTrade"].keys() == {"t", "p", "s", "x", "c"}
    assert (await http.get(f"/v1beta1/options/trades/latest?symbols={option}")).json().keys() == {"trades"}


async def test_assets_of_all_classes(http: httpx.AsyncClient) -> None:
    """Without a class every listed symbol is there, with an increment that reads as a decimal."""
    assets = {each["symbol"]: each for each in (await http.get("/v2/assets")).json()}
    assert assets["AAPL"]["class"] == "us_equity"
    assert assets["AAPL"]["price_increment"] == "0.01"
    assert assets["SHIB/USD"]["price_increment"] == "0.0000000001"


async def test_unknown_paths_and_methods_are_json(http: httpx.AsyncClient) -> None:
    """404 and 405 with a message."""
    for answer, status in ((await http.get("/v2/nowhere"), 404), (await http.post("/v2/clock"), 405)):
        assert answer.status_code == status
        assert answer.json().keys() == {"message"}


async def test_a_closed_market_says_so() -> None:
    """The clock is closed, and the snapshot stands at the last close."""
    async with (
        simulator(SimulatorConfig(market_open=False), free_socket()) as sim,
        httpx.AsyncClient(base_url=sim.base, headers=HEADERS) as client,
    ):
        clock = (await client.get("/v2/clock")).json()
        snapshot = (await client.get("/v2/stocks/snapshots?symbols=AAPL")).json()["AAPL"]
    assert clock["is_open"] is False
    assert clock["next_open"] < clock["next_close"]
    assert snapshot["latestTrade"]["t"][13:] == ":00:00Z"


async def test_a_holiday_is_closed_and_the_next_open_is_after_all_of_them() -> None:
    """Today and the next two weeks, whatever day it is."""
    today = datetime.now(hours.NEW_YORK).date()
    days = frozenset(today + timedelta(days=n) for n in range(-1, 15))
    async with (
        simulator(SimulatorConfig(holidays=days), free_socket()) as sim,
        httpx.AsyncClient(base_url=sim.base, headers=HEADERS) as client,
    ):
        clock = (await client.get("/v2/clock")).json()
        found = (await client.get("/v2/stocks/snapshots?symbols=AAPL")).json()
    assert clock["is_open"] is False
    assert datetime.fromisoformat(clock["next_open"]).date() > max(days)
    assert datetime.fromisoformat(found["AAPL"]["latestTrade"]["t"]).date() < min(days)


async def test_rest_knows_as_much_of_a_tape_as_was_played(tmp_path: Path) -> None:
    """Nothing before the first subscription, and only its own symbols; without a quote there is none."""
    tape = written(tmp_path, trade("AAPL", 0, 12.5))
    path = "/v2/stocks"
    async with (
        simulator(SimulatorConfig(tape=tape), free_socket()) as sim,
        httpx.AsyncClient(base_url=sim.base, headers=HEADERS) as client,
    ):
        assert (await client.get(f"{path}/snapshots?symbols=AAPL,MSFT")).json() == {}
        sim.market.advance(["AAPL"], time.time_ns())
        snapshots = (await client.get(f"{path}/snapshots?symbols=AAPL,MSFT")).json()
        assert snapshots["AAPL"].keys() == {"latestTrade", "minuteBar", "dailyBar"}
        assert snapshots["AAPL"]["latestTrade"]["t"] == "2021-01-08T15:00:00Z"
        assert (await client.get(f"{path}/quotes/latest?symbols=AAPL")).json() == {"quotes": {}}
        assert [each["symbol"] for each in (await client.get("/v2/assets")).json()] == ["AAPL"]
        positions = (await client.get("/v2/positions")).json()
    assert [(each["symbol"], each["current_price"]) for each in positions] == [("AAPL", "12.5")]
