"""Positions and an account that no client should be sent, and some day is: `RestFaults` says which."""

from __future__ import annotations

from typing import Any

from tapecast.simulator.faults import RestFaults
from tapecast.simulator.paper.ids import asset_id


def spoilt(positions: list[dict[str, Any]], faults: RestFaults) -> list[dict[str, Any]]:
    """Positions with some fields as they should not be; a symbol that is not held is one position more."""
    found = {each["symbol"]: each for each in positions}
    like = positions[-1] if positions else {}
    for symbol, fields in faults.positions.items():
        stranger = like | {"symbol": symbol, "asset_id": asset_id(symbol)}
        found[symbol] = found.get(symbol, stranger) | fields
    return [without(each, faults) for each in found.values()]


def without(answer: dict[str, Any], faults: RestFaults) -> dict[str, Any]:
    """A position or an account without the fields that are to be missing."""
    return {name: value for name, value in answer.items() if name not in faults.missing}
