"""The account while somebody listens: from the venue's two sides into Redis, over real sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from websockets.asyncio.server import ServerConnection

from tapecast.bus import codec
from tapecast.bus.codec import AccountImage, Fields
from tapecast.bus.connection import Bus
from tapecast.errors import StartError
from tapecast.feeds.alpaca.account import AlpacaAccount
from tapecast.ingest.account import Account, journal
from tests.feeds.alpaca.trading_venue import UNAUTHORIZED, TradingVenue, event, serve_well, trading
from tests.ingest.account.support import QUICK, Follower, following, image_of, serving
from tests.stalls import stalls
from tests.support import eventually

AAPL: Fields = {"symbol": "AAPL", "asset_class": "us_equity", "qty": "1", "side": "long"}
FOREVER = replace(QUICK, linger_s=3600)


async def is_now(bus: Bus, state: str, reason: str = "") -> AccountImage:
    """The image, once it says this of itself."""

    async def is_it() -> bool:
        image = await image_of(bus)
        return (image.state, image.reason) == (state, reason)

    await eventually(is_it, f"{state} {reason}")
    return await image_of(bus)


async def released(bus: Bus) -> None:
    """Return when nobody owns the account."""

    async def is_released() -> bool:
        return not await bus.redis.exists("lease:account")

    await eventually(is_released, "released")


async def told_more(heard: Follower, changes: int) -> None:
    """Return when there were more changes than these."""
    await eventually(lambda: len(heard.changes) > changes)


@asynccontextmanager
async def live(bus: Bus, venue: TradingVenue) -> AsyncIterator[Account]:
    """An account that is listened to and live."""
    async with trading(venue), serving(bus, venue, timing=FOREVER) as account:
        account.listen(1)
        await is_now(bus, "live")
        yield account


async def test_what_the_venue_says_is_in_redis(bus: Bus) -> None:
    """The image by REST, an order event at once, and the position that it moved."""
    venue = TradingVenue()
    venue.answers["/v2/positions"] = [AAPL]
    venue.answers["/v2/orders"] = [{"id": "order-0", "status": "filled"}]
    async with following(bus) as heard, live(bus, venue) as account:
        image = await image_of(bus)
        assert (image.account, image.positions, image.portfolio["equity"]) == ("PA1", [AAPL], "1000.00")
        assert image.orders == [{"id": "order-0", "status": "filled"}]
        assert image.as_of.endswith("Z")
        venue.answers["/v2/positions"] = [AAPL | {"qty": "3"}]
        fill = event("fill", position_qty="3", price="187.10")
        await venue.tell(fill)

        async def moved() -> bool:
            return (await image_of(bus)).positions == [AAPL | {"qty": "3"}]

        await eventually(moved)
        status = account.status()
        assert (status.state, status.order_events, status.calls) == ("live", 1, 5)

        def told() -> list[codec.AccountChange]:
            return [change for change in heard.changes if change.order or change.positions]

        await eventually(lambda: len(told()) == 3)
    assert [bool(change.order) for change in told()] == [False, True, False], "the event comes first"
    assert told()[1].order == fill
    assert [change.seq for change in heard.changes] == list(range(1, len(heard.changes) + 1))


async def test_nothing_is_asked_while_nobody_listens(bus: Bus) -> None:
    """The account's rate limit is the user's; the stream is held a while longer, for a reload."""
    venue = TradingVenue()
    async with trading(venue), serving(bus, venue) as account:
        account.listen(0)
        for _ in range(100):
            await asyncio.sleep(0)
        assert (venue.calls.total(), venue.dials) == (0, 0)
        assert not await bus.redis.exists("lease:account")
        account.listen(1)
        await is_now(bus, "live")
        account.listen(0)
        await released(bus)
        await eventually(lambda: venue.closes == [1000])
        await eventually(lambda: account.status().state == "idle")
        assert (await image_of(bus)).state == "idle"
        asked = venue.calls.total()
        assert asked == 3, "positions, figures and orders, once"


async def test_listeners_that_come_and_go_cost_nothing(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is told at once that what is known is kept up to date."""
    monkeypatch.setattr(journal, "ACCOUNT_TOUCH_S", 3600)
    venue = TradingVenue()
    async with following(bus) as heard, live(bus, venue) as account:
        for listeners in (0, 1, 0, 2, 3):
            said = len(heard.changes)
            account.listen(listeners)
            if listeners:
                await told_more(heard, said)
                assert heard.changes[-1] == codec.AccountChange(
                    heard.changes[-1].epoch, heard.changes[-1].seq
                )
        assert (venue.dials, venue.calls.total()) == (1, 3)


async def test_order_events_while_nobody_listens_are_kept_and_read_later(bus: Bus) -> None:
    """As long as the stream is held."""
    venue = TradingVenue()
    async with following(bus) as heard, live(bus, venue) as account:
        account.listen(0)
        for number in range(10):
            await venue.tell(event("fill", str(number), position_qty="3"))
            await eventually(lambda: len(heard.orders) > number)  # noqa: B023 - waited for in this round
        venue.answers["/v2/positions"] = [AAPL | {"qty": "3"}]
        assert venue.polls == 1
        account.listen(1)

        async def moved() -> bool:
            return bool((await image_of(bus)).positions)

        await eventually(moved)


async def test_a_stream_that_was_away_may_have_missed_orders(bus: Bus) -> None:
    """Said while it is away; all is read again when it is back."""
    gone = asyncio.Event()

    async def refuse(venue: TradingVenue, socket: ServerConnection) -> None:
        await gone.wait()

    venue = TradingVenue(serve_well, refuse, serve_well)
    async with live(bus, venue) as account:
        venue.answers["/v2/orders"] = [{"id": "missed", "status": "filled"}]
        venue.answers["/v2/positions"] = [AAPL]
        venue.drop()
        image = await is_now(bus, "reconnecting", "stream_lost")
        assert image.portfolio["equity"] == "1000.00"
        gone.set()
        image = await is_now(bus, "live")
        assert (image.orders, image.positions) == ([{"id": "missed", "status": "filled"}], [AAPL])
        assert account.status().reconnects >= 1


async def test_a_stream_that_refuses_the_keys_has_failed(bus: Bus) -> None:
    """It is dialled once, and REST is read all the same."""

    async def refuse(venue: TradingVenue, socket: ServerConnection) -> None:
        await socket.recv()
        await venue.say(UNAUTHORIZED)
        await socket.wait_closed()

    venue = TradingVenue(refuse)
    async with trading(venue), serving(bus, venue) as account:
        account.listen(1)
        await is_now(bus, "failed", "auth_failed")

        async def read() -> bool:
            return (await image_of(bus)).account == "PA1"

        await eventually(read)
        assert venue.dials == 1
        assert account.status().reason == "auth_failed"


async def test_a_standby_takes_over_with_all_that_was_known(bus: Bus) -> None:
    """Soon after the owner has closed its socket and gone; numbered anew under a higher epoch."""
    venue = TradingVenue()
    venue.answers["/v2/positions"] = [AAPL]
    async with trading(venue), serving(bus, venue, "b") as standby:
        async with following(bus) as heard:
            async with serving(bus, venue, "a") as owner:
                owner.listen(1)
                before = await is_now(bus, "live")
                standby.listen(1)
                await eventually(lambda: standby.status().reason == "lease_held")
                assert venue.dials == 1
            left = time.monotonic()
            await eventually(lambda: venue.closes == [1000])
            await eventually(lambda: standby.status().state == "live")
            assert stalls.ran_s(left) < 10, "within 2 s on a machine that has nothing else to do"
            await eventually(lambda: any(change.epoch > before.epoch for change in heard.changes))
        first = next(change for change in heard.changes if change.epoch > before.epoch)
        assert (first.seq, first.positions, first.portfolio) == (1, [AAPL], before.portfolio)
        assert first.orders == []
        assert (await image_of(bus)).epoch == first.epoch


async def test_a_standby_that_nobody_needs_any_more_does_nothing(bus: Bus) -> None:
    """It takes the lease, and leaves it at once."""
    venue = TradingVenue()
    async with trading(venue), serving(bus, venue, "b") as standby:
        async with serving(bus, venue, "a") as owner:
            owner.listen(1)
            await is_now(bus, "live")
            standby.listen(1)
            await eventually(lambda: standby.status().reason == "lease_held")
            standby.listen(0)
        await eventually(lambda: standby.status().state == "idle")
        assert (venue.dials, venue.calls.total()) == (1, 3)
    await released(bus)


async def test_a_lost_lease_cuts_the_stream_off(bus: Bus) -> None:
    """The next owner may dial now; this one stands by, and writes nothing."""
    venue = TradingVenue()
    async with live(bus, venue) as account:
        await bus.redis.set("lease:account", "another", px=60_000)
        account.listen(2)
        await eventually(lambda: account.status().state == "standby")
        await eventually(lambda: venue.closes == [1006])
        assert await bus.redis.get("lease:account") == b"another"


async def test_a_redis_that_was_emptied_has_it_all_again(bus: Bus) -> None:
    """With the next change."""
    venue = TradingVenue()
    venue.answers["/v2/positions"] = [AAPL]
    async with live(bus, venue):
        await bus.redis.flushall()
        await venue.tell(event("new"))

        async def back() -> bool:
            return (await image_of(bus)).positions == [AAPL]

        await eventually(back)


async def test_a_simulated_account_ends_over_a_real_one(bus: Bus) -> None:
    """As a simulated market does."""
    await bus.redis.set("account", codec.encode(AccountImage(1, 1, simulated=False, account="PA1")))
    async with trading(TradingVenue()) as venue:
        async with AlpacaAccount(venue.settings(FEED="simulated")) as source:
            account = Account(bus, source, "a", timing=QUICK)
            account.listen(1)
            with pytest.raises(StartError, match="REDIS_PREFIX"):
                await account.run()
            assert venue.dials == 0
    await released(bus)
