"""Newest-per-key: the one policy by which everything in the pipe stays bounded.

What waits is a dict: a put replaces the value and keeps the place, so a slow reader never gets an old value,
never costs more memory than there are keys, and a key that changes without pause falls behind no other.
"""

from __future__ import annotations

from itertools import islice
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


def drain(waiting: dict[K, V], limit: int | None = None) -> list[V]:
    """Take out what waits, all of it or the `limit` whose keys changed first."""
    if limit is None or limit >= len(waiting):
        taken = list(waiting.values())
        waiting.clear()
        return taken
    return [waiting.pop(key) for key in list(islice(waiting, max(0, limit)))]
