"""What waits to be sent: bounded by construction, and always the newest.

At most one tick and one state per symbol, and one frame per named event. Whoever is slow makes nothing grow
and nobody wait: what was not taken is replaced (see `conflation.py`). A symbol's state takes its tick along.
"""

from __future__ import annotations

from itertools import islice
from typing import Final

BATCH: Final = 32
"""Taken out and written at once, at most: about 16 KiB of full ticks. What waits here, and not in a socket,
can still be replaced by newer ones."""


class Mailbox:
    """Frames by what they are about. Everything returns at once."""

    __slots__ = ("events", "states", "ticks")

    def __init__(self) -> None:
        self.events: dict[str, bytes] = {}
        self.states: dict[str, bytes] = {}
        self.ticks: dict[str, bytes] = {}

    def put_event(self, key: str, frame: bytes) -> None:
        """Replace the waiting event of `key`. Never held back by an interval."""
        self.events[key] = frame

    def put_state(self, symbol: str, frame: bytes) -> None:
        """Replace the waiting state of `symbol`, which goes out before its tick and takes it along."""
        self.states[symbol] = frame

    def put_tick(self, symbol: str, frame: bytes) -> None:
        """Replace the waiting tick of `symbol`."""
        self.ticks[symbol] = frame

    def drop_tick(self, symbol: str) -> None:
        """Forget the waiting tick of `symbol`: something newer has said it all."""
        self.ticks.pop(symbol, None)

    def absorb(self, newer: Mailbox) -> None:
        """Let what waits here be replaced by what waits there."""
        self.events.update(newer.events)
        self.states.update(newer.states)
        self.ticks.update(newer.ticks)

    def __len__(self) -> int:
        return len(self.events) + len(self.states) + len(self.ticks)

    def take(self, *, ticks: bool = True, limit: int = BATCH) -> Mailbox:
        """Take out what has waited longest. `ticks`: also those of which nothing else is told."""
        part = Mailbox()
        if not self.events and not self.states and ticks and len(self.ticks) <= limit:
            # Nearly always.
            part.ticks, self.ticks = self.ticks, part.ticks
            return part
        _move(self.events, part.events, limit)
        _move(self.states, part.states, limit - len(part))
        for symbol in part.states:
            # The tick must follow its state even within an interval: it is what made the state change.
            tick = self.ticks.pop(symbol, None)
            if tick is not None:
                part.ticks[symbol] = tick
        if ticks:
            _move(self.ticks, part.ticks, limit - len(part))
        return part

    def frames(self) -> list[bytes]:
        """In the order in which they go out: events, then states each with its tick, then other ticks."""
        if not self.events and not self.states:
            return list(self.ticks.values())
        frames, ticks = list(self.events.values()), dict(self.ticks)
        for symbol, frame in self.states.items():
            frames.append(frame)
            tick = ticks.pop(symbol, None)
            if tick is not None:
                frames.append(tick)
        return frames + list(ticks.values())


def _move(waiting: dict[str, bytes], taken: dict[str, bytes], limit: int) -> None:
    for key in list(islice(waiting, max(0, limit))):
        taken[key] = waiting.pop(key)
