"""The account, from the one ingest that reads it to the apis and to the other ingests.

The whole image is kept, and each step to the next is published. Steps are numbered: who finds one missing
reads the image. Both sides make the next image from a step by the same function.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tapecast.bus import codec
from tapecast.bus.cache import read_values
from tapecast.bus.codec import AccountChange, AccountImage, Fields
from tapecast.bus.connection import Bus
from tapecast.bus.fence import Fence, Write
from tapecast.bus.keys import ACCOUNT_TTL_S, SIMULATED_ACCOUNT_TTL_S

ORDERS_KEPT: Final = 50


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


def is_next(image: AccountImage, change: AccountChange) -> bool:
    """Whether `change` can be applied to `image`: none is missing in between, and it is no old one."""
    return change.epoch == image.epoch and change.seq == image.seq + 1


async def write_account(bus: Bus, fence: Fence, image: AccountImage, change: AccountChange) -> None:
    """Keep the image that `change` led to, and publish the change. Raises LeaseLost, BusUnavailable."""
    key = bus.keys.account_change()
    writes = [
        # First: who hears of a change and reads the image finds it in there.
        Write(bus.keys.account(), codec.encode(image)),
        Write(key, codec.encode(change), channel=bus.keys.channel(key)),
    ]
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
    order = (change.order or {}).get("order")
    if isinstance(order, dict):
        others = {each.get("id"): each for each in orders}
        if order.get("id") in others:
            others[order.get("id")] = order
            return [*others.values()]
        orders = [order, *orders]
    return orders[:ORDERS_KEPT]
