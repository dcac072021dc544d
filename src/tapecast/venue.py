"""Whose prices a service shows: Alpaca's, those of a local Alpaca in this process, or a recording's.

The choice is made once, from the settings, before anything is dialled. Feeds are imported where they are
used: the api process must never load alpaca-py, which pulls pandas.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tapecast import process
from tapecast.errors import SettingsError
from tapecast.market import rfc3339
from tapecast.recording import Recording, scan
from tapecast.settings import Settings

if TYPE_CHECKING:
    from tapecast.feeds.base import Feed
    from tapecast.ingest.account import AccountSource

logger = logging.getLogger(__name__)

DEMO_SYMBOLS: Final = "AAPL,MSFT,NVDA,SPY,BTC/USD,ETH/USD"

NO_KEYS: Final = (
    "no Alpaca keys: set ALPACA_PAPER_API_KEY and ALPACA_PAPER_SECRET_KEY "
    "(free at https://alpaca.markets), or FEED=simulated for invented prices"
)
SAY_AFTER_S: Final = 2.0
"""A tape that takes longer than this to look through is spoken of: nothing else happens meanwhile."""


@dataclass(frozen=True)
class Venue:
    """The choice, and the settings with it."""

    settings: Settings
    recording: Recording | None = None

    @property
    def words(self) -> str:
        """What the banner says: nothing may be taken for real that is not."""
        settings, tape = self.settings, self.recording
        if tape is not None:
            day, speed = rfc3339(tape.first_ns)[:10], f"{settings.replay_speed:g}x"
            return f"REPLAY of {tape.path} of {day} at {speed}, not real-time prices"
        if settings.feed == "simulated":
            return "SIMULATED prices, not real ones"
        return f"Alpaca, {settings.alpaca_feed}, crypto and options"

    @property
    def examples(self) -> tuple[str, ...]:
        """Symbols to try, where the usual ones have no price."""
        return tuple(self.recording.symbols)[:2] if self.recording is not None else ()

    @asynccontextmanager
    async def feeds(self) -> AsyncIterator[tuple[Sequence[Feed], AccountSource | None]]:
        """The feeds, and the account whose positions are shown; a recording has none."""
        if self.recording is not None:
            from tapecast.feeds.replay import replay_feeds  # noqa: PLC0415

            yield replay_feeds(self.recording, self.settings.replay_speed), None
            return
        from tapecast.feeds.alpaca import AlpacaAccount, alpaca_feeds  # noqa: PLC0415

        async with AlpacaAccount(self.settings) as account:
            yield alpaca_feeds(self.settings), account


@asynccontextmanager
async def open_venue(settings: Settings, stop: asyncio.Event, *, demo: bool) -> AsyncIterator[Venue]:
    """The venue that the settings mean, with the local Alpaca running if it is that one.

    Raises SettingsError, also for a tape that cannot be played, or Stopped.
    """
    if settings.replay_path is not None:
        yield Venue(settings, await _look_through(settings.replay_path, stop))
        return
    feed = settings.feed or ("alpaca" if settings.has_alpaca_keys else "simulated" if demo else None)
    if feed is None or (feed == "alpaca" and not settings.has_alpaca_keys):
        raise SettingsError(NO_KEYS)
    lines: dict[str, str] = {"FEED": feed}
    if feed == "alpaca" or settings.alpaca_stream_url is not None:
        yield Venue(settings.pointed_at(lines))
        return
    from tapecast.simulator.server import SimulatorConfig, simulator  # noqa: PLC0415

    if demo and not settings.symbols:
        lines["SYMBOLS"] = DEMO_SYMBOLS
    config = SimulatorConfig(symbol_limit=settings.symbol_limit, demo_trader=demo)
    async with simulator(config, process.listen("127.0.0.1", 0)) as local:
        yield Venue(settings.pointed_at(local.environment() | lines))


async def _look_through(path: Path, stop: asyncio.Event) -> Recording:
    """What is on a tape, read beside the loop so that Ctrl-C ends it."""
    leaving = threading.Event()
    scanning = asyncio.create_task(asyncio.to_thread(scan, path, lambda: leaving.is_set() or stop.is_set()))
    try:
        done, _ = await asyncio.wait({scanning}, timeout=SAY_AFTER_S)
        if not done:
            logger.info("tape_scan: looking through %s; the start waits for it", path)
        return await scanning
    finally:
        leaving.set()
        scanning.cancel()
