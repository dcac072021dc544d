"""Reads by REST: after order events, until both sides agree, and through everything that can go wrong."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from tapecast.bus.codec import Fields
from tapecast.bus.connection import Bus
from tests.feeds.alpaca.trading_venue import (
    AUTHORIZED,
    LISTENING,
    UNAUTHORIZED,
    TradingVenue,
    event,
    trading,
)
from tests.ingest.account.support import QUICK, following, image_of, serving
from tests.ingest.account.test_owner import AAPL, is_now, live
from tests.support import eventually

HTML = b"<html>maintenance</html>"


async def quantity_is(bus: Bus, quantity: str) -> None:
    """Return when AAPL's is this."""

    async def is_it() -> bool:
        return any(position["qty"] == quantity for position in (await image_of(bus)).positions)

    await eventually(is_it, quantity)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((500, b"", {}), "rest_unavailable"),
        ((502, HTML, {}), "rest_unavailable"),
        ((200, HTML, {}), "rest_not_understood"),
        ((200, b"{}", {}), "rest_not_understood"),
        ((200, b"null", {}), "rest_not_understood"),
        ((200, b'[{"symbol":', {}), "rest_not_understood"),
        ((404, b"", {}), "request_refused"),
        ((403, HTML, {}), "rest_unavailable"),
        ((429, b"", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}), "rate_limited"),
    ],
)
async def test_a_fault_leaves_what_was_known(bus: Bus, answer: tuple[Any, ...], reason: str) -> None:
    """With its time and the reason; it mends without a restart, and nothing is zeroed meanwhile."""
    venue = TradingVenue()
    venue.answers["/v2/positions"] = [AAPL]
    async with live(bus, venue) as account:
        known = await image_of(bus)
        venue.answers["/v2/positions"] = answer
        await venue.tell(event("fill", position_qty="2"))
        image = await is_now(bus, "reconnecting", reason)
        assert (image.positions, image.portfolio, image.as_of) == ([AAPL], known.portfolio, known.as_of)
        assert image.since >= known.since
        assert account.status().limited == int(reason == "rate_limited")
        venue.answers["/v2/positions"] = [AAPL | {"qty": "2"}]
        image = await is_now(bus, "live")
        assert (image.positions, image.reason) == ([AAPL | {"qty": "2"}], "")


@pytest.mark.parametrize("path", ["/v2/account", "/v2/orders"])
async def test_every_part_is_needed(bus: Bus, path: str) -> None:
    """Figures without their positions are those of another moment; orders that cannot be read are said so."""
    venue = TradingVenue()
    good = venue.answers[path]
    venue.answers[path] = (500, b"", {})
    venue.answers["/v2/positions"] = [AAPL]
    async with trading(venue), serving(bus, venue) as account:
        account.listen(1)
        image = await is_now(bus, "reconnecting", "rest_unavailable")
        assert image.positions == ([] if path == "/v2/account" else [AAPL])
        venue.answers[path] = good
        await is_now(bus, "live")


async def test_a_venue_that_cannot_be_reached(bus: Bus) -> None:
    """Neither side."""
    venue = TradingVenue()
    async with trading(venue):
        pass
    async with serving(bus, venue) as account:
        account.listen(1)
        await is_now(bus, "reconnecting", "rest_unreachable")


@pytest.mark.parametrize("status", [401, 403])
async def test_refused_keys_have_failed_and_are_not_hammered(bus: Bus, status: int) -> None:
    """Whatever order events ask for, and however many listeners come; what was known stays."""
    venue = TradingVenue()
    venue.answers["/v2/positions"] = [AAPL]
    async with following(bus) as heard, live(bus, venue) as account:
        venue.answers |= dict.fromkeys(venue.answers, (status, b'{"message":"forbidden."}', {}))
        await venue.tell(event("fill"))
        image = await is_now(bus, "failed", "auth_failed")
        assert image.positions == [AAPL]
        asked = venue.calls.total()
        await venue.tell(event("fill", "2"))
        await eventually(lambda: heard.orders == ["fill", "fill"])
        account.listen(5)
        for _ in range(100):
            await asyncio.sleep(0)
        assert venue.calls.total() == asked


async def test_positions_that_lag_behind_a_fill_are_read_again(bus: Bus) -> None:
    """Until they have what the fill told."""
    venue = TradingVenue()
    venue.answers["/v2/positions"] = [AAPL]
    async with live(bus, venue):
        await venue.tell(event("fill", position_qty="3"))
        await eventually(lambda: venue.polls >= 3, "read again")
        venue.answers["/v2/positions"] = [AAPL | {"qty": "3"}]
        await quantity_is(bus, "3")


async def test_positions_that_never_agree_are_left_to_the_poll(
    bus: Bus, caplog: pytest.LogCaptureFixture
) -> None:
    """After some tries, with a word; until then nobody takes what is shown for the present."""
    venue = TradingVenue()
    async with live(bus, venue):
        await venue.tell(event("fill", position_qty="3"))
        await is_now(bus, "reconnecting", "positions_differ")
        await eventually(lambda: venue.polls == 1 + 1 + len(QUICK.pauses_s))
        assert caplog.text.count("positions_differ") >= 1
        venue.answers["/v2/positions"] = [AAPL | {"qty": "3"}]
        await venue.tell(event("new", "2"))
        assert (await is_now(bus, "live")).positions == [AAPL | {"qty": "3"}]


async def test_a_position_that_moves_without_a_word_has_orders_read(bus: Bus) -> None:
    """Its event was missed, and others may have been."""
    venue = TradingVenue()
    venue.answers["/v2/positions"] = [AAPL]
    async with live(bus, venue):
        asked = venue.calls["/v2/orders"]
        venue.answers["/v2/positions"] = [AAPL | {"qty": "7"}]
        await quantity_is(bus, "7")
        await eventually(lambda: venue.calls["/v2/orders"] > asked, "orders read")


async def test_a_closed_position_is_gone(bus: Bus) -> None:
    """And one that a list with odd entries lacks is not."""
    venue = TradingVenue()
    msft: Fields = AAPL | {"symbol": "MSFT"}
    venue.answers["/v2/positions"] = [AAPL, msft]
    async with following(bus) as heard, live(bus, venue):
        venue.answers["/v2/positions"] = [AAPL | {"qty": "2"}, None]
        await venue.tell(event("fill", "1"))
        await quantity_is(bus, "2")
        assert len((await image_of(bus)).positions) == 2
        venue.answers["/v2/positions"] = [AAPL | {"qty": "3"}]
        await venue.tell(event("fill", "2"))
        await quantity_is(bus, "3")
        assert [each["symbol"] for each in (await image_of(bus)).positions] == ["AAPL"]
        await eventually(lambda: [each.closed for each in heard.changes if each.closed] == [["MSFT"]])


async def test_a_position_that_a_fill_has_closed_is_gone(bus: Bus) -> None:
    """Whatever odd entries are beside it."""
    venue = TradingVenue()
    venue.answers["/v2/positions"] = [AAPL, None]
    async with live(bus, venue):
        assert (await image_of(bus)).positions == [AAPL]
        venue.answers["/v2/positions"] = [None]
        await venue.tell(event("fill", position_qty="0"))

        async def gone() -> bool:
            return not (await image_of(bus)).positions

        await eventually(gone)


async def test_an_order_event_is_newer_than_a_list_that_was_asked_for_before(bus: Bus) -> None:
    """The list may have been made before it."""
    venue = TradingVenue()
    venue.answers["/v2/orders"] = [{"id": "order-1", "status": "new"}, {"id": "order-0", "status": "new"}]
    venue.gate = asyncio.Event()
    async with trading(venue), serving(bus, venue) as account, following(bus) as heard:
        account.listen(1)
        await eventually(lambda: venue.calls["/v2/orders"])
        await venue.tell(event("fill", "1"))
        await eventually(lambda: heard.orders == ["fill"])
        venue.gate.set()
        image = await is_now(bus, "live")
        assert [order["status"] for order in image.orders] == ["fill", "new"]


async def test_an_order_stays_newer_while_positions_are_slow(bus: Bus) -> None:
    """The list has answered, the positions have not: the fill comes in between."""
    venue = TradingVenue()
    venue.answers["/v2/orders"] = [{"id": "order-1", "status": "new"}]
    venue.gate, venue.gated = asyncio.Event(), frozenset({"/v2/positions"})
    async with trading(venue), serving(bus, venue) as account, following(bus) as heard:
        account.listen(1)
        await eventually(lambda: venue.calls["/v2/orders"] and venue.calls["/v2/positions"])
        await venue.tell(event("fill", "1") | {"order": {"id": "order-1", "status": "filled"}})
        await eventually(lambda: heard.orders == ["fill"])
        venue.gate.set()
        image = await is_now(bus, "live")
        assert [order["status"] for order in image.orders] == ["filled"]


async def test_a_stream_that_comes_during_a_read_may_have_missed_orders(bus: Bus) -> None:
    """They are read once more, and until then nothing is called live."""
    granted = asyncio.Event()

    async def late(venue: TradingVenue, socket: Any) -> None:
        await socket.recv()
        await venue.say(AUTHORIZED)
        await socket.recv()
        await granted.wait()
        await venue.say(LISTENING)
        await socket.wait_closed()

    venue = TradingVenue(late)
    venue.gate = asyncio.Event()
    async with trading(venue):
        async with serving(bus, venue, timing=replace(QUICK, stream_first_s=0.01, apart_s=3600)) as account:
            account.listen(1)
            await eventually(lambda: venue.calls["/v2/orders"])
            granted.set()
            await eventually(lambda: account._reader is not None and account._reader._is_streaming)
            venue.gate.set()
            await eventually(lambda: account._health.rest.state == "live")
            assert account.status().state == "connecting"
        async with serving(bus, venue) as account:
            venue.answers["/v2/orders"] = [{"id": "missed"}]
            account.listen(1)
            assert (await is_now(bus, "live")).orders == [{"id": "missed"}]


async def test_a_leg_that_comes_alone_is_read_with_its_order(bus: Bus) -> None:
    """No event says whose leg it is."""
    venue = TradingVenue()
    legs = [{"id": "order-2", "status": "held"}]
    async with following(bus) as heard, live(bus, venue):
        venue.answers["/v2/orders"] = [{"id": "order-1", "status": "new", "legs": legs}]
        for number in ("1", "2"):
            new = event("new", number)
            await venue.tell(new | {"order": new["order"] | {"order_class": "bracket"}})

        async def grouped() -> bool:
            return [order["id"] for order in (await image_of(bus)).orders] == ["order-1"]

        await eventually(grouped)
        await eventually(lambda: heard.orders == ["new", "new"])


async def test_a_fill_is_read_when_there_are_calls_again(bus: Bus) -> None:
    """Few are left until the venue's next minute: then, not with the poll."""
    venue = TradingVenue()
    never = replace(QUICK, poll_s=3600)
    async with trading(venue), serving(bus, venue, timing=never) as account:
        account.listen(1)
        await is_now(bus, "live")
        few = {"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": str(int(time.time()) + 2)}
        venue.answers["/v2/positions"] = venue.answers["/v2/account"] = (500, b"", few)
        await venue.tell(event("fill", "1"))
        await is_now(bus, "reconnecting", "rest_unavailable")
        venue.answers["/v2/account"] = {"account_number": "PA1"}
        venue.answers["/v2/positions"] = [AAPL]
        await quantity_is(bus, "1")


async def test_the_moves_of_a_trailing_stop_are_read_with_the_poll(bus: Bus) -> None:
    """No event tells of them."""
    venue = TradingVenue()
    stop = {"id": "order-1", "type": "trailing_stop", "status": "new", "stop_price": "90.00"}
    venue.answers["/v2/orders"] = [stop]
    timing = replace(QUICK, poll_s=0.05)
    async with following(bus) as heard, trading(venue), serving(bus, venue, timing=timing) as account:
        account.listen(1)
        await is_now(bus, "live")
        venue.answers["/v2/orders"] = [stop | {"stop_price": "91.00"}]
        await eventually(
            lambda: any(change.orders == venue.answers["/v2/orders"] for change in heard.changes)
        )
        venue.answers["/v2/orders"] = [stop | {"status": "filled"}]
        await eventually(
            lambda: any(change.orders == venue.answers["/v2/orders"] for change in heard.changes)
        )
        asked, polls = venue.calls["/v2/orders"], venue.polls
        await eventually(lambda: venue.polls > polls + 3)
        assert venue.calls["/v2/orders"] == asked
        said = [change.orders for change in heard.changes if change.orders]
        assert len(said) == 3, "only where it differs"


async def test_odd_events_are_passed_on_and_read_for(bus: Bus) -> None:
    """Unknown words, nulls, no order at all: whoever shows them decides."""
    venue = TradingVenue()
    async with following(bus) as heard, live(bus, venue) as account:
        odd: list[Any] = [
            {"event": "moon_landing", "order": {"id": "9", "symbol": None, "qty": None}, "position_qty": "x"},
            {"event": None, "order": None},
            {},
        ]
        for each in odd:
            await venue.tell(each)
        await eventually(lambda: [c.order for c in heard.changes if c.order is not None] == odd)
        await eventually(lambda: venue.polls >= 2)
        assert account.status().state == "live"


@pytest.mark.parametrize("frame", ["no JSON", {"stream": "trade_updates", "data": [{"event": "fill"}]}])
async def test_what_is_not_understood_may_have_been_an_order(bus: Bus, frame: object) -> None:
    """All is read again."""
    venue = TradingVenue()
    async with live(bus, venue) as account:
        venue.answers["/v2/orders"] = [{"id": "missed"}]
        await venue.say(frame)

        async def caught_up() -> bool:
            return (await image_of(bus)).orders == [{"id": "missed"}]

        await eventually(caught_up)
        assert account.status().state == "live"


@pytest.mark.parametrize("reply", [AUTHORIZED, UNAUTHORIZED, {"action": "error", "data": None}])
async def test_the_first_read_follows_the_streams_first_word(bus: Bus, reply: object) -> None:
    """Whatever it is."""

    async def answer(venue: TradingVenue, socket: Any) -> None:
        await socket.recv()
        await venue.say(reply)
        await socket.recv()
        await venue.say(LISTENING)
        await socket.wait_closed()

    venue = TradingVenue(answer)
    async with trading(venue), serving(bus, venue, timing=replace(QUICK, stream_first_s=3600)) as account:
        account.listen(1)
        await eventually(lambda: venue.polls)


async def test_without_the_stream_the_first_read_does_not_wait_for_ever(bus: Bus) -> None:
    """It is there, and not called live."""

    async def mute(venue: TradingVenue, socket: Any) -> None:
        await socket.wait_closed()

    async with trading(TradingVenue(mute)) as venue, serving(bus, venue) as account:
        account.listen(1)

        async def read() -> bool:
            return (await image_of(bus)).account == "PA1"

        await eventually(read)
        assert account.status().state == "connecting"
