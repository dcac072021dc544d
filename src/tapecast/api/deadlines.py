"""When each client's stream is to end, in steps of a second.

Neither coming, leaving nor looking costs more with many clients.

A heap would keep what is long gone: a thousand visits a second, each due in an hour, are millions of entries.
"""

from __future__ import annotations

import math
from typing import Generic, TypeVar

T = TypeVar("T")


class Deadlines(Generic[T]):
    """Clients by the second in which they are due."""

    def __init__(self, now: float) -> None:
        self._swept = math.floor(now)
        # By second; in the order in which they came.
        self._due: dict[int, dict[T, None]] = {}

    def add(self, client: T, at: float) -> int | None:
        """Have it due then, or never if that is infinite. What comes back is for `discard`."""
        if math.isinf(at):
            return None
        second = max(math.ceil(at), self._swept + 1)
        self._due.setdefault(second, {})[client] = None
        return second

    def discard(self, client: T, second: int | None) -> None:
        """It is gone."""
        if second is None or second not in self._due:
            return
        waiting = self._due[second]
        waiting.pop(client, None)
        if not waiting:
            del self._due[second]

    def due(self, now: float) -> list[T]:
        """Who is due by now, each of them once."""
        until = math.floor(now)
        # A process that stood still for hours looks at what there is, not at every second.
        is_long = until - self._swept > len(self._due)
        seconds = sorted(self._due) if is_long else range(self._swept + 1, until + 1)
        self._swept = max(self._swept, until)
        return [client for s in seconds if s <= until for client in self._due.pop(s, ())]
