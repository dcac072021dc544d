"""What the commands run: the parts, composed, and ended in the right order.

Parts are imported where they are used: the api process must never load alpaca-py, which pulls pandas.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Collection, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tapecast import __version__, banner, process
from tapecast.banner import Say
from tapecast.bus.connection import Bus, open_bus, require
from tapecast.bus.origin import require_origin
from tapecast.errors import BusUnavailable, SettingsError, StartError, Stopped
from tapecast.market import Market
from tapecast.settings import Settings
from tapecast.venue import Venue, open_venue
from tapecast.workers import guarded

if TYPE_CHECKING:
    from tapecast.api.siblings import Siblings
    from tapecast.bus.embedded import EmbeddedValkey
    from tapecast.ingest.worker import Worker
    from tapecast.simulator.server import SimulatorConfig

logger = logging.getLogger(__name__)

REDIS_WAIT_S: Final = 10.0
"""On a platform that starts everything at once, Redis may be a moment later than we are."""
REDIS_RETRY_S: Final = 0.25
OTHER_FILES: Final = 256 + 2048
"""Besides streams: Redis, the venue, plain requests, files of the runtime, and who sent no request yet."""
FEED_WAIT_S: Final = 10.0
"""`up` serves when its feed is live; a venue that does not answer for this long is shown as it is."""


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
        is_private = settings.redis_url is None
        bus = await stack.enter_async_context(_open(url, settings, stop, is_private=is_private))
        venue = await stack.enter_async_context(open_venue(settings, stop, demo=True))
        async with _working(venue, bus) as worker:
            await _either(worker.settled(), stop.wait(), FEED_WAIT_S)
            if stop.is_set():
                return
            # Only where nobody else can reach us may a page do without a token.
            laptop = sock.getsockname()[0] in {"127.0.0.1", "::1"}
            banner.title(say)
            banner.feeds(say, venue.words, worker)
            banner.service(say, venue.settings, cache + bus.place, sock, venue.examples, laptop=laptop)
            _make_room(settings)
            await serve(venue.settings, bus, sock, stop, laptop=laptop)


async def ingest(settings: Settings, markets: Collection[Market], stop: asyncio.Event, say: Say) -> None:
    """One ingest worker, for these markets."""
    async with AsyncExitStack() as stack:
        venue = await stack.enter_async_context(open_venue(settings, stop, demo=False))
        bus = await stack.enter_async_context(_open(redis_url(settings), settings, stop))
        async with _working(venue, bus, markets) as worker:
            await _either(worker.settled(), stop.wait(), FEED_WAIT_S)
            if stop.is_set():
                return
            banner.title(say)
            banner.feeds(say, venue.words, worker)
            banner.service(say, venue.settings, bus.place)
            process.spare_collections()
            await stop.wait()


async def api(
    settings: Settings,
    sock: socket.socket,
    stop: asyncio.Event,
    say: Say,
    siblings: Siblings | None = None,
) -> None:
    """One replica of the HTTP side. `siblings`: the other workers on this socket."""
    from tapecast.api.server import serve  # noqa: PLC0415

    _make_room(settings)
    async with _open(redis_url(settings), settings, stop) as bus:
        banner.title(say)
        banner.service(say, settings, bus.place, sock)
        async with siblings.answering() if siblings else nullcontext():
            await serve(settings, bus, sock, stop, siblings=siblings)


async def worker(
    settings: Settings, sock: socket.socket, folder: Path, number: int, stop: asyncio.Event, say: Say
) -> None:
    """One of the processes of `tapecast api --workers`."""
    from tapecast.api.siblings import Siblings  # noqa: PLC0415

    async with guarded(stop, folder):
        await api(settings, sock, stop, say, Siblings(folder, number))


async def simulate(config: SimulatorConfig, sock: socket.socket, stop: asyncio.Event, say: Say) -> None:
    """The local Alpaca alone."""
    from tapecast.simulator.server import simulator  # noqa: PLC0415

    async with simulator(config, sock) as venue:
        port = sock.getsockname()[1]
        # Whoever sees the line must know that neither is the market of now.
        kind = f"RECORDED ({config.tape}, {config.speed:g}x)" if config.tape else "SIMULATED"
        say(f"tapecast {__version__} simulate: a local Alpaca with {kind} prices at {venue.base}")
        say("\nPoint a service at it:\n")
        say(f"  export $(tapecast simulate --port {port} --print-env)")
        await stop.wait()


def _make_room(settings: Settings) -> None:
    """What a process that serves streams needs of its system."""
    process.spare_collections()
    allowed = process.allow_files(settings.max_streams + OTHER_FILES)
    if allowed < settings.max_streams + OTHER_FILES:
        logger.warning(
            "few_open_files: this process may have %d files open, too few for MAX_STREAMS=%d; "
            "raise the limit (ulimit -n, LimitNOFILE=) or lower MAX_STREAMS",
            allowed,
            settings.max_streams,
        )


def redis_url(settings: Settings) -> str:
    """The Redis to use. Raises SettingsError if there is none."""
    if settings.redis_url is None:
        raise SettingsError("REDIS_URL is missing, e.g. REDIS_URL=redis://localhost:6379")
    return settings.redis_url.get_secret_value()


@asynccontextmanager
async def _open(
    url: str, settings: Settings, stop: asyncio.Event, *, is_private: bool = False
) -> AsyncIterator[Bus]:
    """The bus, once Redis has answered. Raises StartError if it never does, or will not do; Stopped."""
    deadline, waiting = time.monotonic() + REDIS_WAIT_S, False
    async with open_bus(url, settings.redis_prefix, is_private=is_private) as bus:
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
                    logger.warning("redis_awaited: for up to %.0f s: %s", REDIS_WAIT_S, error)
            await _either(stop.wait(), asyncio.sleep(REDIS_RETRY_S), REDIS_RETRY_S)
        yield bus


@asynccontextmanager
async def _working(
    venue: Venue, bus: Bus, markets: Collection[Market] = tuple(Market)
) -> AsyncIterator[Worker]:
    """An ingest worker, running until the context is left. If it fails, so does the context."""
    from tapecast.ingest.worker import Worker  # noqa: PLC0415

    async with venue.feeds() as (feeds, account):
        for feed in (feed for feed in feeds if feed.market in markets):
            # Not only when it owns the market: as a standby it would wait for a lease it must not use.
            with suppress(BusUnavailable):
                await require_origin(bus, feed.market, simulated=feed.simulated)
        worker = Worker(venue.settings, bus, feeds, account, markets)
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
