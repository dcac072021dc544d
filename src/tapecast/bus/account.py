"""The account, from the one ingest that reads it to the apis and to the other ingests.

The whole image is kept, and each step to the next is published. Steps are numbered: who finds one missing
reads the image. Both sides make the next image from a step by the same function.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from tapecast.bus import codec
from tapecast.bus.cache import read_values
from tapecast.bus.codec import AccountChange, AccountImage, Fields
from tapecast.bus.connection import Bus
from tapecast.bus.fence import Fence, Write
from tapecast.bus.keys import ACCOUNT_TTL_S, SIMULATED_ACCOUNT_TTL_S
from tapecast.market import parse_rfc3339

ORDERS_KEPT: Final = 50
FINAL: Final = ("filled", "canceled", "expired", "rejected", "replaced")
"""No set: what the venue says in this place may be of any type."""


def after(image: AccountImage, change: AccountChange) -> AccountImage:
    """The image with this change, which must be the next one, or the first of a new epoch's owner.

    A changed position keeps its place, a new one comes last. A new order comes first.
    """
    return AccountImage(
        change.epoch,
        change.seq,
        image.simulated,
        _or(change.account, image.account),
        _or(change.as_of, image.as_of),
        _positions(image.positions, change),
        image.portfolio if change.portfolio is None else change.portfolio,
        _orders(image.orders, change),
        image.state if change.state is None else change.state,
        _or(change.reason, image.reason),
        _or(change.since, image.since),
    )


def with_order(orders: list[Fields], event: Fields) -> list[Fields]:
    """The orders after an order event; a leg of an order stays with it, and no order goes back in time.

    The venue nests legs in its list and not in its events, where each leg is an order.
    """
    order = event.get("order")
    if not isinstance(order, dict):
        return orders
    places = [place for place, each in enumerate(orders) if order.get("id") in _ids(each)]
    if not places:
        return [order, *orders]
    known = orders[places[0]]
    orders = [*orders]
    if known.get("id") == order.get("id"):
        orders[places[0]] = newer(order, known) | _newest_legs(order, known)
    else:
        legs = [newer(order, leg) if leg.get("id") == order.get("id") else leg for leg in _legs(known)]
        orders[places[0]] = known | {"legs": legs}
    return orders


def with_list(known: list[Fields], orders: list[Fields]) -> list[Fields]:
    """A list that was read, each order and leg as the newer of the two has it: REST may lag behind events."""
    mine = {str(each.get("id")): each for order in known for each in (order, *_legs(order))}
    # Not the legs' legs: the venue nests one level, and a hostile answer a thousand.
    return [
        _with_known(order, mine) | _nested(_with_known(leg, mine) for leg in _legs(order)) for order in orders
    ]


def _with_known(order: Fields, mine: dict[str, Fields]) -> Fields:
    known = mine.get(str(order.get("id")))
    return order if known is None else newer(order, known)


def _newest_legs(order: Fields, known: Fields) -> Fields:
    mine = {str(leg.get("id")): leg for leg in _legs(known)}
    return _nested([_with_known(leg, mine) for leg in _legs(order)] or _legs(known))


def _nested(legs: Iterable[Fields]) -> Fields:
    return {"legs": listed} if (listed := [*legs]) else {}


def newer(found: Fields, known: Fields) -> Fields:
    """Of two states of one order the later one; where its times do not tell, the one that is final."""
    found_at, known_at = _updated(found), _updated(known)
    if found_at is not None and known_at is not None and found_at != known_at:
        return found if found_at > known_at else known
    return known if _is_final(known) and not _is_final(found) else found


def _updated(order: Fields) -> int | None:
    text = order.get("updated_at")
    try:
        # To the microsecond: the venue's two sides need not write as many digits.
        return parse_rfc3339(text) // 1000 if isinstance(text, str) else None
    except ValueError:
        return None


def _is_final(order: Fields) -> bool:
    return order.get("status") in FINAL


def _ids(order: Fields) -> list[object]:
    return [order.get("id"), *(leg.get("id") for leg in _legs(order))]


def _legs(order: Fields) -> list[Fields]:
    legs = order.get("legs")
    return [leg for leg in legs if isinstance(leg, dict)] if isinstance(legs, list) else []


def is_next(image: AccountImage, change: AccountChange) -> bool:
    """Whether `change` can be applied to `image`: none is missing in between, and it is no old one."""
    return change.epoch == image.epoch and change.seq == image.seq + 1


async def write_account(
    bus: Bus, fence: Fence, image: AccountImage, changes: Sequence[AccountChange]
) -> None:
    """Keep the image that the last change led to, and publish all of them, in one step.

    Raises LeaseLost, BusUnavailable.
    """
    key = bus.keys.account_change()
    # First: who hears of a change and reads the image finds it in there.
    writes = [Write(bus.keys.account(), codec.encode(image))]
    writes += [Write(key, codec.encode(change), channel=bus.keys.channel(key)) for change in changes]
    await fence.write(writes, SIMULATED_ACCOUNT_TTL_S if image.simulated else ACCOUNT_TTL_S)


async def read_account(bus: Bus) -> AccountImage | None:
    """The image, if there is one that makes sense. Raises BusUnavailable."""
    (data,) = await read_values(bus, [bus.keys.account()])
    if data is None:
        return None
    try:
        return codec.decode_account(data)
    except msgspec.DecodeError:
        return None


class _Held(msgspec.Struct, frozen=True):
    """The part of a position that names it."""

    symbol: str = ""


class _Holdings(msgspec.Struct, frozen=True):
    """The part of an image, or of a change, that names positions. Decoding skips the rest."""

    positions: list[_Held] = []
    closed: list[str] = []


_holdings = msgspec.json.Decoder(_Holdings)


async def read_position_symbols(bus: Bus) -> frozenset[str]:
    """The symbols of the open positions, as far as they are known. Raises BusUnavailable."""
    (data,) = await read_values(bus, [bus.keys.account()])
    found = _read_holdings(data or b"{}")
    return frozenset(held.symbol for held in found.positions if held.symbol)


def moves_positions(change: bytes) -> bool:
    """Whether a change that was heard opens, changes or closes a position."""
    found = _read_holdings(change)
    return bool(found.positions or found.closed)


def _read_holdings(data: bytes) -> _Holdings:
    try:
        return _holdings.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Holdings()


def _or(new: str | None, old: str) -> str:
    return old if new is None else new


def _positions(known: list[Fields], change: AccountChange) -> list[Fields]:
    if not change.positions and not change.closed:
        return known
    positions = {position.get("symbol"): position for position in known}
    positions |= {position.get("symbol"): position for position in change.positions}
    return [position for symbol, position in positions.items() if symbol not in change.closed]


def _orders(known: list[Fields], change: AccountChange) -> list[Fields]:
    orders = known if change.orders is None else change.orders
    return (orders if change.order is None else with_order(orders, change.order))[:ORDERS_KEPT]
