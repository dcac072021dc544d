"""The account from Redis to pages, over real sockets: whatever is cut, each page ends with what is so."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import httpx
import pytest

from tapecast.bus.codec import Fields
from tapecast.bus.connection import Bus
from tapecast.market import FeedState, rfc3339
from tests.api.account.support import LONG, SHORT, Owner, Page
from tests.api.support import Reader, replica, stream
from tests.stalls import stalls
from tests.support import eventually

pytestmark = pytest.mark.e2e

SYMBOLS = ("AAPL", "TSLA", "SPY", "BTC/USD")


class Client(Page):
    """A page on a real stream, and how long each order event took to come."""

    def __init__(self) -> None:
        super().__init__()
        self.delays_s: list[float] = []

    async def read(self, reader: Reader) -> None:
        """Take what comes until the stream ends."""
        while True:
            try:
                name, data = await reader.next()
            except StopAsyncIteration:
                return
            self.take(name, data)
            if name == "order" and "sent" in data:
                self.delays_s.append(stalls.ran_s(data["sent"]))

    def is_at(self, quantities: dict[str, str]) -> bool:
        """Whether it has heard the last word, and shows this."""
        shown = {symbol: str(each["qty"]) for symbol, each in self.positions.items()}
        return self.feed.get("reason") == "auth_failed" and shown == quantities

    @property
    def statuses(self) -> dict[str, str]:
        """What has become of each order."""
        return {number: str(each["status"]) for number, each in self.orders.items()}


@asynccontextmanager
async def pages(client: httpx.AsyncClient, *intervals: int) -> AsyncIterator[list[Client]]:
    """Pages of the account, each at its interval."""
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        found, reading = [Client() for _ in intervals], []
        for page, interval in zip(found, intervals, strict=True):
            reader = await stack.enter_async_context(stream(client, f"/stream/positions?interval={interval}"))
            reading.append(tasks.create_task(page.read(reader)))
        yield found
        for task in reading:
            task.cancel()


def order(number: int, status: str, **more: Any) -> Fields:
    """An order event."""
    return {"event": status, "order": {"id": f"o{number}", "status": status, "qty": "10"}} | more


def have_come(found: list[Client], events: int) -> bool:
    """Whether each page has so many order events."""
    return all(len(page.events) == events for page in found)


def move(dice: random.Random, owner: Owner, at: int) -> dict[str, Any]:
    """What happens next: a fill, a closed position, an order event, nothing, or two of it at once."""
    symbol = dice.choice(SYMBOLS)
    fill: dict[str, Any] = {"positions": [LONG | {"symbol": symbol, "qty": str(at)}]}
    event: dict[str, Any] = {"order": order(dice.randrange(20), dice.choice(["new", "fill", "canceled"]))}
    # Else nothing would leave a final state any more.
    event["order"]["order"]["updated_at"] = rfc3339(at * 1_000_000)
    is_held = any(each["symbol"] == symbol for each in owner.image.positions)
    return dice.choice([fill, event, fill | event, {"closed": [symbol]} if is_held else {}])


async def cut(bus: Bus) -> None:
    """Every reader of Redis loses its link."""
    await bus.redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")  # type: ignore[no-untyped-call]


async def test_every_order_event_arrives_and_in_order(bus: Bus) -> None:
    """At every page that keeps up, whatever its interval, and soon."""
    owner = Owner(bus)
    await owner.begin(LONG)
    async with replica(bus, PUBLIC="positions") as client, pages(client, 0, 60_000) as found:
        await eventually(lambda: all(page.positions for page in found))
        for first in range(0, 200, 20):
            for number in range(first, first + 20):
                await owner.change(order=order(number, "new", sent=time.monotonic()))
            await eventually(partial(have_come, found, first + 20))
    for page in found:
        assert [each["order"]["id"] for each in page.events] == [f"o{number}" for number in range(200)]
        assert page.lists == 1, "that of its introduction"
        assert max(page.delays_s) < 1.0


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_is_missed_each_page_ends_with_what_is_so(bus: Bus, seed: int) -> None:
    """Fills, closed positions and orders, while the api loses Redis again and again."""
    dice, owner = random.Random(seed), Owner(bus)
    await owner.begin(LONG, SHORT)
    async with replica(bus, PUBLIC="positions") as client, pages(client, 0, 100) as found:
        await eventually(lambda: all(page.positions for page in found))
        for at in range(120):
            await owner.change(**move(dice, owner, at))
            if dice.random() < 0.05:
                await cut(bus)
            await asyncio.sleep(dice.random() * 0.02)
        await owner.change(state=FeedState.FAILED, reason="auth_failed")
        held_now = {str(each["symbol"]): str(each["qty"]) for each in owner.image.positions}
        known = {str(each["id"]): str(each["status"]) for each in owner.image.orders}
        for page in found:
            await eventually(partial(page.is_at, held_now), "what is held")
            assert page.statuses == known


async def test_nonsense_in_redis_ends_no_stream(bus: Bus) -> None:
    """Of a foreign program, or of another version of ours; the last known figures stay."""
    owner, keys = Owner(bus), bus.keys
    await owner.begin(LONG)
    deep = b'{"epoch":7,"seq":2,"order":' + b'{"order":' * 300 + b"{}" + b"}" * 301
    nonsense = [
        b"", b"[", b"null", b"\xff", b'{"epoch":7,"seq":2,"positions":[[]]}',
        b'{"epoch":7,"seq":2,"state":"?"}',
        b'{"epoch":7,"seq":2,"positions":[{"symbol":"A","qty":"1e999","market_value":"sNaN"},{"symbol":7},{}]}',
        b'{"epoch":7,"seq":3,"positions":[{"symbol":[]}]}',
        b'{"epoch":7,"seq":3,"order":{"order":{"id":{}}}}',
        b'{"epoch":7,"seq":3,"portfolio":{"equity":"1e99999999","cash":[]},"closed":["","AAPL"]}',
        b'{"epoch":7,"seq":4,"orders":[{"id":null,"qty":{}},{}],"order":{"order":[],"legs":7}}', deep,
    ]  # fmt: skip
    async with replica(bus, PUBLIC="positions") as client:
        headers = {"accept": "text/event-stream"}
        async with client.stream("GET", "/stream/positions", headers=headers) as response:
            lines = response.aiter_lines()
            async with asyncio.timeout(30):
                await anext(line async for line in lines if line == "event: orders")
            for message in nonsense:
                await bus.redis.publish(keys.channel(keys.account_change()), message)
            await bus.redis.set(keys.account(), b"{")
            await bus.redis.publish(keys.channel(keys.account_change()), b'{"epoch":99,"seq":1}')
            owner.image = owner.image.__class__(100, 1, simulated=False, account="PA7", as_of="x", orders=[])
            await owner.change(positions=[SHORT])
            async with asyncio.timeout(30):
                await anext(line async for line in lines if '"PA7"' in line and "TSLA" in line)
