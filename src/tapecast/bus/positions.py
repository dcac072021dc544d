"""The account's positions, from the ingest that reads them to the apis and to the other ingests."""

from __future__ import annotations

import msgspec

from tapecast.bus import codec
from tapecast.bus.cache import read_values
from tapecast.bus.connection import Bus
from tapecast.bus.fence import Fence, Write
from tapecast.bus.keys import POSITIONS_TTL_S


async def write_positions(bus: Bus, fence: Fence, positions: codec.PositionList) -> None:
    """Keep and publish the list. Raises LeaseLost, BusUnavailable."""
    key = bus.keys.positions()
    write = Write(key, codec.encode(positions), channel=bus.keys.channel(key))
    await fence.write([write], POSITIONS_TTL_S)


async def read_position_symbols(bus: Bus) -> frozenset[str]:
    """The symbols of the open positions, as far as they are known. Raises BusUnavailable."""
    (data,) = await read_values(bus, [bus.keys.positions()])
    if data is None:
        return frozenset()
    try:
        positions = codec.decode_positions(data).positions
    except msgspec.DecodeError:
        return frozenset()
    return frozenset(str(position.get("symbol", "")) for position in positions)
