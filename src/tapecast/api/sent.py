"""What went out: the counts that `/metrics` tells, made where whole writes are and not for each client."""

from __future__ import annotations

from tapecast.api.ages import EVERY, Ages
from tapecast.api.mailbox import ORDER, Part


class Sent:
    """What went out, counted by whole writes: bytes as on the wire, ticks, and other events."""

    __slots__ = (
        "_until_age", "ages", "bytes", "events", "repeats", "ticks", "writes",
    )  # fmt: skip

    def __init__(self) -> None:
        self.bytes = self.events = self.ticks = self.writes = 0
        # Those of the ticks that are no news: first images, and re-priced positions.
        self.repeats = 0
        self.ages = Ages()
        self._until_age = 1

    @property
    def news(self) -> int:
        """What conflation has left of the new images that were offered."""
        return self.ticks - self.repeats

    def add(self, size: int, part: Part, clients: int) -> None:
        """One frame to so many clients."""
        self.bytes += size * clients
        self.ticks += part.ticks * clients
        self.writes += clients
        if part.events or part.states:
            # Strangers may read the count, and are not to see when somebody trades.
            orders = sum(key.startswith(ORDER) for key in part.events)
            self.events += (len(part.events) - orders + len(part.states)) * clients
        if part.positions or not part.seen:
            self.repeats += (len(part.positions) if part.seen else part.ticks) * clients
            return
        # Here, and not in `ages`: a call for each write would cost the fan-out more than the number is worth.
        self._until_age -= 1
        if not self._until_age:
            self._until_age = EVERY
            self.ages.see(part.topics, clients)
