"""What the commands run: the parts, composed, and ended in the right order.

Parts are imported where they are used: the api process must never load alpaca-py, which pulls pandas.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from tapecast import __version__, process
from tapecast.bus.connection import Bus, open_bus, require
from tapecast.errors import BusUnavailable, SettingsError, StartError, Stopped
from tapecast.settings import Settings

if TYPE_CHECKING:
    from tapecast.bus.embedded import EmbeddedValkey
    from tapecast.ingest.worker import Worker
    from tapecast.simulator.server import SimulatorConfig

logger = logging.getLogger(__name__)

Say = Callable[[str], None]
"""Prints one line of a banner."""

REDIS_WAIT_S: Final = 10.0
"""On a platform that starts everything at once, Redis may be a moment later than we are."""
REDIS_RETRY_S: Final = 0.25
FEED_WAIT_S: Final = 10.0
"""`up` serves when its feed is live; a venue that does not answer for this long is shown as it is."""

DEMO_SYMBOLS: Final = "AAPL,MSFT,NVDA,SPY,BTC/USD,ETH/USD"

NO_KEYS: Final = (
    "no Alpaca keys: set ALPACA_PAPER_API_KEY and ALPACA_PAPER_SECRET_KEY "
    "(free at https://alpaca.markets), or FEED=simulated for invented prices"
)


async def up(settings: Settings, sock: socket.socket, stop: asyncio.Event, say: Say) -> None:
    """Everything in one process, on one loop."""
    from tapecast.api.server import serve  # noqa: PLC0415
    from tapecast.bus.embedded import embedded_valkey  # noqa: PLC0415

    async with AsyncExitStack() as stack:
        if settings.redis_url is None:
            valkey = await stack.enter_async_context(embedded_valkey())
            await stack.enter_async_context(_watched(valkey, stop))
            url, cache = valkey.url, "embedded Valkey, "
        else:
            url, cache = redis_url(settings), ""
        bus = await stack.enter_async_context(_open(url, settings, stop))
        settings = await stack.enter_async_context(_venue(settings, demo=True))
        async with _working(settings, bus) as worker:
            await _either(worker.settled(), stop.wait(), FEED_WAIT_S)
            if stop.is_set():
                return
            # Only where nobody else can reach us may a page do without a token.
            laptop = sock.getsockname()[0] in {"127.0.0.1", "::1"}
            _banner(say, settings, cache + bus.place, sock, worker, laptop=laptop)
            await serve(settings, bus, sock, stop, laptop=laptop)


async def ingest(settings: Settings, stop: asyncio.Event, say: Say) -> None:
    """One ingest worker."""
    async with AsyncExitStack() as stack:
        settings = await stack.enter_async_context(_venue(settings, demo=False))
        bus = await stack.enter_async_context(_open(redis_url(settings), settings, stop))
        async with _working(settings, bus) as worker:
            await _either(worker.settled(), stop.wait(), FEED_WAIT_S)
            if stop.is_set():
                return
            _banner(say, settings, bus.place, None, worker)
            await stop.wait()


async def api(settings: Settings, sock: socket.socket, stop: asyncio.Event, say: Say) -> None:
    """One replica of the HTTP side."""
    from tapecast.api.server import serve  # noqa: PLC0415

    async with _open(redis_url(settings), settings, stop) as bus:
        _banner(say, settings, bus.place, sock, None)
        await serve(settings, bus, sock, stop)


async def simulate(config: SimulatorConfig, sock: socket.socket, stop: asyncio.Event, say: Say) -> None:
    """The local Alpaca alone."""
    from tapecast.simulator.server import simulator  # noqa: PLC0415

    async with simulator(config, sock) as venue:
        port = sock.getsockname()[1]
        say(f"tapecast {__version__} simulate: a local Alpaca with SIMULATED prices at {venue.base}")
        say("\nPoint a service at it:\n")
        say(f"  export $(tapecast simulate --port {port} --print-env)")
        await stop.wait()


def redis_url(settings: Settings) -> str:
    """The Redis to use. Raises SettingsError if there is none."""
    if settings.redis_url is None:
        raise SettingsError("REDIS_URL is missing, e.g. REDIS_URL=redis://localhost:6379")
    return settings.redis_url.get_secret_value()


@asynccontextmanager
async def _open(url: str, settings: Settings, stop: asyncio.Event) -> AsyncIterator[Bus]:
    """The bus, once Redis has answered. Raises StartError if it never does, or will not do; Stopped."""
    deadline, waiting = time.monotonic() + REDIS_WAIT_S, False
    async with open_bus(url, settings.redis_prefix) as bus:
        while True:
            try:
                await require(bus)
                break
            except BusUnavailable as error:
                if stop.is_set():
                    raise Stopped from None
                if time.monotonic() > deadline:
                    raise StartError(f"{str(error).rstrip('.')}; check REDIS_URL") from None
                if not waiting:
                    waiting = True
                    logger.warning("waiting for Redis, up to %.0f s: %s", REDIS_WAIT_S, error)
            await _either(stop.wait(), asyncio.sleep(REDIS_RETRY_S), REDIS_RETRY_S)
        yield bus


@asynccontextmanager
async def _venue(settings: Settings, *, demo: bool) -> AsyncIterator[Settings]:
    """The settings with their feed decided, and the local Alpaca running if they need one."""
    feed = settings.feed or ("alpaca" if settings.has_alpaca_keys else "simulated" if demo else None)
    if feed is None or (feed == "alpaca" and not settings.has_alpaca_keys):
        raise SettingsError(NO_KEYS)
    lines: dict[str, str] = {"FEED": feed}
    if feed == "alpaca" or settings.alpaca_stream_url is not None:
        yield settings.pointed_at(lines)
        return
    from tapecast.simulator.server import SimulatorConfig, simulator  # noqa: PLC0415

    if demo and not settings.symbols:
        lines["SYMBOLS"] = DEMO_SYMBOLS
    config = SimulatorConfig(symbol_limit=settings.symbol_limit)
    async with simulator(config, process.listen("127.0.0.1", 0)) as venue:
        yield settings.pointed_at(venue.environment() | lines)


@asynccontextmanager
async def _working(settings: Settings, bus: Bus) -> AsyncIterator[Worker]:
    """An ingest worker, running until the context is left. If it fails, so does the context."""
    from tapecast.feeds.alpaca import AlpacaRest, alpaca_feeds  # noqa: PLC0415
    from tapecast.ingest.worker import Worker  # noqa: PLC0415

    async with AlpacaRest.from_settings(settings) as rest:
        worker = Worker(settings, bus, alpaca_feeds(settings), rest)
        async with _beside(worker.run()):
            yield worker


@asynccontextmanager
async def _watched(valkey: EmbeddedValkey, stop: asyncio.Event) -> AsyncIterator[None]:
    """Stop in order when the cache ends, streams first, and only then fail. Raises StartError."""

    async def watch() -> StartError:
        error = await valkey.ended()
        stop.set()
        return error

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait([watching])
    if not watching.cancelled():
        raise watching.result()


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, object]) -> AsyncIterator[None]:
    """Run `work` for the length of the context; if it fails, so does the context."""
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(work)
        yield
        running.cancel()


async def _either(one: Awaitable[object], other: Awaitable[object], timeout: float) -> None:
    """Wait until one of the two is done or the time is over; neither is left running."""
    tasks = [asyncio.ensure_future(one), asyncio.ensure_future(other)]
    try:
        await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _access(settings: Settings, *, laptop: bool) -> str:
    """Who may read what, in one line: a mistake in a token's line has to be seen at the start."""
    closed = "token" if settings.api_token else "closed: set API_TOKEN"
    own = "this machine only" if laptop and not settings.api_token else closed
    rules = (
        {"prices": "token", "status": "token"} if settings.api_token else {"prices": "open", "status": "open"}
    )
    rules["positions"] = own
    rules |= dict.fromkeys(settings.public, "open")
    return ", ".join(f"{what}: {rule}" for what, rule in rules.items())


def _banner(
    say: Say,
    settings: Settings,
    cache: str,
    sock: socket.socket | None,
    worker: Worker | None,
    *,
    laptop: bool = False,
) -> None:
    say(f"tapecast {__version__}")
    if worker is not None:
        real = f"Alpaca, {settings.alpaca_feed} and crypto"
        say(f"  feed    {'SIMULATED prices, not real ones' if settings.feed == 'simulated' else real}")
        for owner in worker.owners.values():
            status = owner.pulse.status()
            say(f"          {status.market}: {status.state} {status.reason}".rstrip())
    say(f"  redis   {cache}" + (f", prefix {settings.redis_prefix}" if settings.redis_prefix else ""))
    if sock is not None:
        host, port = sock.getsockname()[:2]
        base = f"http://{'localhost' if host in {'127.0.0.1', '0.0.0.0', '::1', '::'} else host}:{port}"  # noqa: S104
        say(f"  listen  {base}")
        say(f"  access  {_access(settings, laptop=laptop)}")
        say(f"\n  curl -N '{base}/stream/prices?symbols=AAPL,BTC/USD'")
        say(f"  curl {base}/stream/status\n")
