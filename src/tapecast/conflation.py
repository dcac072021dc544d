"""Newest-per-key: the one policy by which everything in the pipe stays bounded.

A slow reader of a conflating map never gets an old value and never costs more memory than there are keys.
"""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Conflated(Generic[K, V]):
    """The newest value of each key since the last drain, in the order in which keys first changed.

    The first-change order is kept on purpose: a symbol that changes without pause would otherwise push itself
    behind the others for ever, and one that changed once would wait.
    """

    __slots__ = ("_newest", "folded")

    def __init__(self) -> None:
        self._newest: dict[K, V] = {}
        # Values that were overwritten before anybody read them.
        self.folded = 0

    def put(self, key: K, value: V) -> None:
        """Keep `value` as the newest of `key`."""
        if key in self._newest:
            self.folded += 1
        self._newest[key] = value

    def drop(self, key: K) -> None:
        """Forget what waits for `key`, if anything does."""
        self._newest.pop(key, None)

    def drain(self, limit: int | None = None) -> list[tuple[K, V]]:
        """Take out the waiting pairs, all of them or the `limit` that have waited longest."""
        if limit is None or limit >= len(self._newest):
            taken = list(self._newest.items())
            self._newest.clear()
            return taken
        keys = [key for key, _ in zip(self._newest, range(limit), strict=False)]
        return [(key, self._newest.pop(key)) for key in keys]

    def __len__(self) -> int:
        return len(self._newest)

    def __contains__(self, key: object) -> bool:
        return key in self._newest
