"""Alpaca's account as one source."""

from __future__ import annotations

import asyncio

import pytest

from tapecast.errors import FeedTransient, SettingsError
from tapecast.feeds.alpaca.account import AlpacaAccount
from tapecast.ingest.account import AccountSource
from tapecast.settings import load
from tests.feeds.alpaca.test_trading import IMPATIENT, Recorder
from tests.feeds.alpaca.trading_venue import KEYS, TradingVenue, event, trading
from tests.support import eventually


async def test_both_sides_of_the_account() -> None:
    """REST and order events, with one list of pairs between them; mypy checks the protocol."""
    venue = TradingVenue()
    venue.answers |= {
        "/v2/assets": [{"symbol": "ODD/XYZ"}],
        "/v2/positions": [{"symbol": "ODDXYZ", "asset_class": "crypto", "qty": "1"}],
        "/v2/orders": [{"id": "1", "symbol": "AAPL"}],
    }
    async with trading(venue), AlpacaAccount(venue.settings(), IMPATIENT) as account:
        source: AccountSource = account
        assert not source.simulated
        assert (await source.positions())[0][0]["symbol"] == "ODD/XYZ"
        assert (await source.figures())["equity"] == "1000.00"
        assert await source.orders() == ([{"id": "1", "symbol": "AAPL"}], 0)
        assert (source.calls, source.limited, source.reconnects, source.is_scarce) == (4, 0, 0, False)
        assert source.scarce_s == 0
        heard = Recorder()
        task = asyncio.create_task(source.run(heard))
        await eventually(lambda: heard.paths == [True])
        await venue.tell(event("new") | {"order": {"symbol": "ODDXYZ", "asset_class": "crypto"}})
        await eventually(lambda: heard.events)
        assert heard.events[0]["order"] == {"symbol": "ODD/XYZ", "asset_class": "crypto"}
        task.cancel()
        await asyncio.wait([task])


async def test_the_budget_is_watched() -> None:
    """Few calls left are said so, and refused ones are counted."""
    venue = TradingVenue()
    async with trading(venue), AlpacaAccount(venue.settings()) as account:
        venue.answers["/v2/positions"] = (429, b"", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"})
        with pytest.raises(FeedTransient) as caught:
            await account.positions()
        assert caught.value.retry_after == 1
        assert account.limited == 1


@pytest.mark.parametrize("url", [None, "http://127.0.0.1:1"])
async def test_a_simulated_account_is_nobodys_real_one(url: str | None) -> None:
    """It needs a simulator to be named."""
    settings = load(KEYS | {"FEED": "simulated"} | ({"ALPACA_TRADING_URL": url} if url else {}))
    if url is None:
        with pytest.raises(SettingsError, match="ALPACA_TRADING_URL"):
            AlpacaAccount(settings)
    else:
        async with AlpacaAccount(settings) as account:
            assert account.simulated
