"""Peers that this table has no driver for: said in a row, not passed over in silence."""

from __future__ import annotations

from benchmarks.machine import found
from benchmarks.row import Row

PEERS = ("Centrifugo", "Mercure")


def absent(name: str, unit: str) -> list[Row]:
    """A row for each of them."""
    return [Row(name, peer, None, unit, note=_why(peer)) for peer in PEERS]


def _why(peer: str) -> str:
    if found(peer.lower()):
        return f"{peer.lower()} is on the PATH, but this table has no driver for it"
    return f"absent: no {peer.lower()} on the PATH"
