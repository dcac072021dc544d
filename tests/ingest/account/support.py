"""An account that runs against a scripted venue, and what Redis says of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from tapecast.bus import codec
from tapecast.bus.account import read_account
from tapecast.bus.codec import AccountChange, AccountImage
from tapecast.bus.connection import Bus
from tapecast.feeds.alpaca.account import AlpacaAccount
from tapecast.feeds.alpaca.limits import Limits
from tapecast.ingest.account import Account
from tapecast.ingest.account.timing import Timing
from tapecast.settings import load
from tests.feeds.alpaca.trading_venue import TradingVenue

IMPATIENT = Limits(backoff_first_s=0.01, backoff_cap_s=0.05, slow_s=(0.01, 0.02), takeover_s=0.0)
QUICK = Timing(
    soon_s=0.01, apart_s=0.01, sustained_s=0.01, later_s=0.01, later_apart_s=0.01, pauses_s=(0.01,) * 5,
    retry_first_s=0.01, linger_s=0.05, failed_s=3600, again_s=0.01, rewrite_s=0.01,
)  # fmt: skip
"""Polls as seldom as ever: what is read is read for a reason."""


class Follower:
    """What a replica hears of the account."""

    def __init__(self) -> None:
        self.changes: list[AccountChange] = []

    @property
    def orders(self) -> list[object]:
        """The events heard, by name."""
        return [change.order.get("event") for change in self.changes if change.order is not None]


@asynccontextmanager
async def following(bus: Bus) -> AsyncIterator[Follower]:
    """Every change that is published meanwhile."""
    follower = Follower()
    async with bus.redis.pubsub(ignore_subscribe_messages=True) as listener:
        await listener.subscribe("account:change")

        async def hear() -> None:
            async for message in listener.listen():
                follower.changes.append(codec.decode_account_change(message["data"]))

        task = asyncio.create_task(hear())
        try:
            yield follower
        finally:
            task.cancel()
            await asyncio.wait([task])


@asynccontextmanager
async def serving(
    bus: Bus, venue: TradingVenue, holder: str = "a", timing: Timing = QUICK
) -> AsyncIterator[Account]:
    """An ingest's account at a scripted venue, with nobody listening yet."""
    async with AlpacaAccount(venue.settings(), IMPATIENT) as source:
        async with _running(Account(bus, source, holder, timing=timing)) as account:
            yield account


@asynccontextmanager
async def serving_at(bus: Bus, environment: Mapping[str, str]) -> AsyncIterator[Account]:
    """One wherever these settings point, with the real timing."""
    async with AlpacaAccount(load(environment)) as source, _running(Account(bus, source, "a")) as account:
        yield account


@asynccontextmanager
async def _running(account: Account) -> AsyncIterator[Account]:
    task = asyncio.create_task(account.run())
    try:
        yield account
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def image_of(bus: Bus) -> AccountImage:
    """The image in Redis; an empty one if there is none."""
    return await read_account(bus) or AccountImage(0, 0, simulated=False)
