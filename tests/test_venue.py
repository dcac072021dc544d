"""Whose prices a service shows."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from tapecast import venue as module
from tapecast.errors import SettingsError, Stopped
from tapecast.market import Market
from tapecast.settings import load
from tapecast.venue import open_venue
from tests.support import eventually
from tests.tapes import trade, written

KEYS = {"ALPACA_API_KEY": "k", "ALPACA_SECRET_KEY": "s"}


async def test_without_keys_up_simulates_and_says_so_in_every_setting() -> None:
    """The same feed, pointed at a local Alpaca in this process, with symbols to look at."""
    async with open_venue(load({}), asyncio.Event(), demo=True) as venue:
        settings = venue.settings
        assert venue.words.startswith("SIMULATED")
        assert settings.feed == "simulated"
        assert settings.has_alpaca_keys
        assert settings.alpaca_stream_url is not None
        assert settings.alpaca_stream_url.startswith("ws://127.0.0.1:")
        assert "AAPL" in settings.symbols


async def test_symbols_of_ones_own_are_kept() -> None:
    """The demo's symbols are only for those who named none."""
    async with open_venue(load({"SYMBOLS": "TSLA"}), asyncio.Event(), demo=True) as venue:
        assert venue.settings.symbols == ("TSLA",)


async def test_with_keys_it_is_alpaca() -> None:
    """Nothing is pointed anywhere else."""
    async with open_venue(load(KEYS), asyncio.Event(), demo=True) as venue:
        settings = venue.settings
        assert (settings.feed, settings.alpaca_stream_url, settings.symbols) == ("alpaca", None, ())
        assert venue.words == "Alpaca, iex, crypto and options"


async def test_simulated_at_a_given_url_starts_no_venue() -> None:
    """`simulate --print-env` points a service at a simulator that runs elsewhere."""
    url = "ws://127.0.0.1:8100/v2/iex"
    settings = load(KEYS | {"FEED": "simulated", "ALPACA_STREAM_URL": url})
    async with open_venue(settings, asyncio.Event(), demo=False) as venue:
        assert venue.settings.alpaca_stream_url == url


@pytest.mark.parametrize("env", [{}, {"FEED": "alpaca"}])
async def test_ingest_without_keys_is_refused(env: dict[str, str]) -> None:
    """Prices are never invented unasked."""
    with pytest.raises(SettingsError, match="ALPACA_PAPER_API_KEY"):
        async with open_venue(load(env), asyncio.Event(), demo=False):
            pass


async def test_the_feeds_of_alpaca_come_with_its_account() -> None:
    """One for each endpoint."""
    async with (
        open_venue(load(KEYS), asyncio.Event(), demo=False) as venue,
        venue.feeds() as (feeds, account),
    ):
        assert {feed.market for feed in feeds} >= {Market.US_EQUITY, Market.CRYPTO}
        assert not any(feed.simulated for feed in feeds)
        assert account is not None


@pytest.mark.parametrize("keys", [{}, KEYS])
async def test_a_replay_has_the_tapes_markets_and_no_account(tmp_path: Path, keys: dict[str, str]) -> None:
    """With keys or without: positions of today say nothing beside the prices of another day."""
    path = written(tmp_path, trade("BTC/USD", 0, 1), trade("ETH/USD", 0, 1), trade("SOL/USD", 0, 1))
    settings = load(keys | {"FEED": f"replay:{path}", "REPLAY_SPEED": "50"})
    async with (
        open_venue(settings, asyncio.Event(), demo=True) as venue,
        venue.feeds() as (feeds, account),
    ):
        assert [(feed.market, feed.name, feed.simulated) for feed in feeds] == [
            (Market.CRYPTO, "replay", True)
        ]
        assert account is None
        assert venue.words == f"REPLAY of {path} of 2021-01-08 at 50x, not real-time prices"
        assert venue.examples == ("BTC/USD", "ETH/USD")
        assert venue.settings.symbols == ()


async def test_a_tape_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    """The message names it."""
    with pytest.raises(SettingsError, match="none"):
        async with open_venue(load({"FEED": f"replay:{tmp_path}/none"}), asyncio.Event(), demo=True):
            pass


async def test_a_scan_that_takes_long_is_spoken_of_and_ends_with_the_start(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody looks at a start that says nothing, and Ctrl-C does not wait for the end of a large tape."""
    monkeypatch.setattr(module, "SAY_AFTER_S", 0.0)
    caplog.set_level("INFO")
    turn = threading.Event()

    def scan(_: Path, should_stop: object) -> None:
        assert callable(should_stop)
        while not should_stop():
            turn.wait(0.01)
        raise Stopped

    monkeypatch.setattr(module, "scan", scan)
    stop = asyncio.Event()

    async def start() -> None:
        async with open_venue(load({"FEED": "replay:big.jsonl"}), stop, demo=True):
            pass

    starting = asyncio.create_task(start())
    await eventually(lambda: "looking through big.jsonl" in caplog.text, "a word")
    stop.set()
    with pytest.raises(Stopped):
        await starting
