"""One ingest process: interest in, plans and status out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tapecast.bus import codec
from tapecast.bus.connection import Bus
from tapecast.bus.interest import InterestWriter
from tapecast.feeds.alpaca import AlpacaAccount
from tapecast.ingest.desired import HOLD_AFTER_REDIS_S
from tapecast.ingest.worker import Worker
from tapecast.market import Market
from tapecast.settings import load
from tests.feeds.alpaca.trading_venue import TradingVenue, trading
from tests.ingest.account.support import image_of
from tests.ingest.fakes import FakeFeed
from tests.support import eventually


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[None]:
    """The worker, running for the length of the block."""
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def interested(bus: Bus, *symbols: str) -> AsyncIterator[None]:
    """A replica that wants these symbols for the length of the block."""
    writer = InterestWriter(bus, "api-1")
    writer.want(lambda: codec.Interest(dict.fromkeys(symbols, 1)))
    task = asyncio.create_task(writer.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_form_of_a_symbol_picks_its_feed(bus: Bus) -> None:
    """Stocks to one feed, crypto to the other, and an option to none, which is said."""
    stocks, crypto = FakeFeed(Market.US_EQUITY), FakeFeed(Market.CRYPTO)
    worker = Worker(load({}), bus, [stocks, crypto])
    option = "AAPL240315C00172500"
    async with running(worker), interested(bus, "AAPL", "BTC/USD", option):
        await eventually(lambda: stocks.wanted[-1:] == [("AAPL",)])
        await eventually(lambda: crypto.wanted[-1:] == [("BTC/USD",)])
        await eventually(lambda: worker.status().refused == {option: "no_feed"})


async def test_markets_can_be_split_over_workers(bus: Bus) -> None:
    """Each has its own; a symbol of the other's market is neither asked for here nor refused."""
    stocks, crypto = FakeFeed(Market.US_EQUITY), FakeFeed(Market.CRYPTO)
    worker = Worker(load({}), bus, [stocks, crypto], markets=[Market.CRYPTO])
    option = "AAPL240315C00172500"
    async with running(worker), interested(bus, "AAPL", "BTC/USD", option):
        await eventually(lambda: crypto.wanted[-1:] == [("BTC/USD",)])
        await eventually(lambda: worker.status().refused == {option: "no_feed"})
        assert list(worker.owners) == [Market.CRYPTO]
    assert stocks.wanted == []


async def test_symbols_that_are_always_on_need_no_listener(bus: Bus) -> None:
    """SYMBOLS go to their markets at the start."""
    stocks, crypto = FakeFeed(Market.US_EQUITY), FakeFeed(Market.CRYPTO)
    async with running(Worker(load({"SYMBOLS": "msft,eth/usd"}), bus, [stocks, crypto])):
        await eventually(lambda: stocks.wanted[-1:] == [("MSFT",)])
        await eventually(lambda: crypto.wanted[-1:] == [("ETH/USD",)])


async def test_what_only_a_position_wants_is_marked(bus: Bus) -> None:
    """It is served like any other, and refused like any other; strangers are not to hear of it."""
    feed = FakeFeed()
    worker = Worker(load({"SYMBOLS": "MSFT", "SYMBOL_LIMIT": "3"}), bus, [feed])
    wanted = codec.Interest({"AAPL": 1}, 1, {}, ["BTC/USD", "TSLA"])
    writer = InterestWriter(bus, "api-1")
    writer.want(lambda: wanted)
    async with running(worker):
        task = asyncio.create_task(writer.run())
        await eventually(lambda: set(feed.wanted[-1]) == {"MSFT", "AAPL", "TSLA"} if feed.wanted else False)
        await feed.go_live("AAPL", "MSFT", "TSLA")
        await eventually(lambda: worker.status().active_symbols == ["AAPL", "MSFT", "TSLA"])
        assert worker.status().refused == {"BTC/USD": "no_feed"}
        assert worker.status().private == ["BTC/USD", "TSLA"]
        # A client of prices asks for the one, and the other's leaves.
        wanted = codec.Interest({"TSLA": 1}, 1, {}, ["AAPL", "BTC/USD"])
        writer.want(lambda: wanted)
        await eventually(lambda: worker.status().private == ["AAPL", "BTC/USD"])
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_settled_waits_for_the_markets_that_are_wanted(bus: Bus) -> None:
    """A market nobody wants keeps nobody waiting; one that is wanted has to be live."""
    stocks, crypto = FakeFeed(Market.US_EQUITY), FakeFeed(Market.CRYPTO)
    worker = Worker(load({"SYMBOLS": "MSFT"}), bus, [stocks, crypto])
    async with running(worker):
        settled = asyncio.create_task(worker.settled())
        await asyncio.wait_for(stocks.running.wait(), 30)
        assert not settled.done()
        await stocks.go_live("MSFT")
        await asyncio.wait_for(settled, 30)


async def test_its_status_is_in_redis_while_it_runs(bus: Bus) -> None:
    """Feeds, leases and confirmed symbols, gone when the worker ends on purpose."""
    feed = FakeFeed()
    worker = Worker(load({"SYMBOLS": "AAPL"}), bus, [feed])
    async with running(worker):
        await feed.go_live("AAPL")

        async def reported() -> bool:
            data = await bus.redis.get(f"status:ingest:{worker.id}")
            status = codec.decode_ingest_status(data) if data else None  # type: ignore[arg-type]
            return status is not None and status.active_symbols == ["AAPL"]

        await eventually(reported)
        status = worker.status()
        assert [feed.state for feed in status.feeds] == ["live"]
        assert status.leases["us_equity"].holder == worker.id
        assert status.leases["us_equity"].epoch > 0
    assert not await bus.redis.exists(f"status:ingest:{worker.id}")


async def test_a_redis_that_comes_back_empty_removes_no_symbol_at_once(bus: Bus) -> None:
    """The replicas need time to write their interest again."""
    feed = FakeFeed()
    async with running(Worker(load({}), bus, [feed])):
        async with interested(bus, "AAPL"):
            await eventually(lambda: feed.wanted[-1:] == [("AAPL",)])
        await bus.redis.delete("interest", "interest:api-1")
        await bus.redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")  # type: ignore[no-untyped-call]
        plans = len(feed.wanted)
        await eventually(lambda: len(feed.wanted) >= plans + 2)
        assert feed.wanted[-1] == ("AAPL",)


async def test_a_new_worker_gives_room_at_once(bus: Bus) -> None:
    """It has lost no interest that could come back, so it waits for none."""
    feed = FakeFeed()
    async with running(Worker(load({"SYMBOL_LIMIT": "1"}), bus, [feed])):
        async with interested(bus, "AAPL"):
            await eventually(lambda: feed.wanted[-1:] == [("AAPL",)])
        async with interested(bus, "MSFT"):
            await eventually(lambda: feed.wanted[-1:] == [("MSFT",)], "room", HOLD_AFTER_REDIS_S - 2)


async def test_positions_come_first_whoever_reads_them(bus: Bus) -> None:
    """The owner of a market need not be the one that reads the account."""
    image = codec.AccountImage(1, 1, simulated=True, positions=[{"symbol": "TSLA"}])
    await bus.redis.set("account", codec.encode(image))
    feed = FakeFeed()
    writer = InterestWriter(bus, "api-1")
    writer.want(lambda: codec.Interest({"AAPL": 1, "MSFT": 1}, positions=1))
    async with running(Worker(load({"SYMBOL_LIMIT": "1"}), bus, [feed])):
        task = asyncio.create_task(writer.run())
        await eventually(lambda: feed.wanted[-1:] == [("TSLA",)])
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_settled_does_not_wait_for_what_another_process_owns(bus: Bus) -> None:
    """A standby says that it is one, and starts."""
    await bus.redis.set("lease:us_equity", "another")
    worker = Worker(load({"SYMBOLS": "MSFT"}), bus, [FakeFeed()])
    async with running(worker), asyncio.timeout(30):
        await worker.settled()
        status = worker.owners[Market.US_EQUITY].pulse.status()
        assert (status.state, status.reason) == ("standby", "lease_held")


async def test_the_account_is_followed_while_somebody_listens(bus: Bus) -> None:
    """And is in the status; a recording has none."""
    venue = TradingVenue()
    writer = InterestWriter(bus, "api-1")
    writer.want(lambda: codec.Interest({}, positions=2))
    async with trading(venue), AlpacaAccount(venue.settings()) as source:
        worker = Worker(load({}), bus, [FakeFeed()], source)
        async with running(worker):
            account = worker.status().account
            assert account is not None
            assert (account.state, venue.dials) == ("idle", 0)
            task = asyncio.create_task(writer.run())
            await eventually(lambda: (status := worker.status().account) and status.state == "live")

            async def is_written() -> bool:
                return (await image_of(bus)).account == "PA1"

            await eventually(is_written)
            await venue.tell("no event")
            await eventually(lambda: worker.status().rejected == {"event": 1})
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert Worker(load({}), bus, [FakeFeed()]).status().account is None


async def test_the_account_may_always_be_followed(bus: Bus) -> None:
    """Its positions are then subscribed without any listener, and before all others."""
    venue, feed = TradingVenue(), FakeFeed()
    venue.answers["/v2/positions"] = [{"symbol": "TSLA", "qty": "1"}]
    settings = load({"ACCOUNT_ALWAYS": "true", "SYMBOL_LIMIT": "1"})
    async with trading(venue), AlpacaAccount(venue.settings()) as source:
        async with running(Worker(settings, bus, [feed], source)), interested(bus, "AAPL"):
            await eventually(lambda: feed.wanted[-1:] == [("TSLA",)])
