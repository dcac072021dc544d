"""What waits to be sent: bounded by construction, and always the newest.

Ticks are not put here: a mailbox knows the topics that it is about and up to which of their versions it has
been emptied, and takes whatever is newer at that moment. So a tick costs nothing for each client, whoever is
slow makes nothing grow and nobody wait, and what is sent is never older than it must be. Everything else is
put: at most one state per symbol, one frame per named event, one re-priced position per symbol, and order
events, each of which counts, up to a limit. A state takes its symbol's tick along.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final

from tapecast.api.topic import Topic, Versions

BATCH: Final = 32
"""Taken out and written at once, at most: about 16 KiB of full ticks. What waits here, and not in a socket,
can still be replaced by newer ones."""

ORDERS_WAITING: Final = 64
"""Order events for a client that is behind. Of more than that none is sent: the list of orders takes their
place, in which each order is as the last of them left it."""
ORDERS: Final = "orders"
ORDER: Final = "order:"

Frames = dict[str, bytes]
Ahead = dict[str, int]
_NONE: Final[Frames] = {}


class Part:
    """What was taken at once, and how far the mailbox had been emptied before."""

    __slots__ = ("ahead", "events", "positions", "seen", "states", "topics")

    def __init__(self, events: Frames, states: Frames, positions: Frames, seen: int, ahead: Ahead) -> None:
        self.events = events
        self.states = states
        self.positions = positions
        self.topics: list[Topic] = []
        self.seen = seen
        self.ahead = ahead

    def __len__(self) -> int:
        return len(self.events) + len(self.states) + len(self.positions) + len(self.topics)

    @property
    def ticks(self) -> int:
        """How many of what an interval holds back."""
        return len(self.topics) + len(self.positions)

    def frames(self) -> list[bytes]:
        """In the order in which they go out: events, states each with its tick, positions, other ticks."""
        if not self.events and not self.states and not self.positions:
            # Nearly always.
            return [topic.frame for topic in self.topics]
        frames, ticks = list(self.events.values()), {topic.symbol: topic.frame for topic in self.topics}
        for symbol, frame in self.states.items():
            frames.append(frame)
            tick = ticks.pop(symbol, None)
            if tick is not None:
                frames.append(tick)
        return [*frames, *self.positions.values(), *ticks.values()]


class Mailbox:
    """Frames by what they are about, and the place in the ticks of `topics`. Everything returns at once."""

    __slots__ = ("_ahead", "_rest", "_seen", "_topics", "_versions", "events", "positions", "states")

    def __init__(
        self, topics: Mapping[str, Topic], versions: Versions, seen: int = 0, ahead: Ahead | None = None
    ) -> None:
        self._topics = topics
        self._versions = versions
        # All versions up to this one are out.
        self._seen = seen
        # And these of later ones, by symbol: they went along with a state, or in a part.
        self._ahead = ahead or {}
        # What was too much for one part.
        self._rest: list[Topic] = []
        self.events: Frames = {}
        self.states: Frames = {}
        self.positions: Frames = {}

    def put_event(self, key: str, frame: bytes) -> None:
        """Replace the waiting event of `key`. Never held back by an interval."""
        self.events[key] = frame

    def put_state(self, symbol: str, frame: bytes) -> None:
        """Replace the waiting state of `symbol`, which goes out before its tick and takes it along."""
        self.states[symbol] = frame

    def put_position(self, symbol: str, frame: bytes) -> None:
        """Replace the waiting re-priced position in `symbol`. Held back by an interval, as ticks are."""
        self.positions[symbol] = frame

    def put_orders(self, frame: bytes) -> None:
        """All orders as they are now. What waits of single ones came before, and goes out before."""
        self.events.pop(ORDERS, None)
        self.events[ORDERS] = frame

    def put_order(self, number: int, frame: bytes, orders: Callable[[], bytes]) -> None:
        """One order event more, behind those that wait. If it is one too many, `orders` takes their place."""
        self.events[f"{ORDER}{number}"] = frame
        # Others wait here too, some ten at the most: they need not be told apart to be few.
        if len(self.events) > ORDERS_WAITING:
            for key in [key for key in self.events if key.startswith(ORDER)]:
                del self.events[key]
            self.put_orders(orders())

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self.events and not self.states and not self.is_holding

    @property
    def is_holding(self) -> bool:
        """Whether something waits that an interval holds back."""
        return bool(self.positions) or (self._seen < self._versions.newest and bool(self._newer()))

    def take(self, *, ticks: bool = True, limit: int = BATCH) -> Part | None:
        """Take out what has waited longest, if anything does. `ticks`: also what an interval holds back."""
        if not self.events and not self.states and not self.positions:
            # Nearly always.
            if not ticks or self._seen == self._versions.newest:
                return None
            part = Part(_NONE, _NONE, _NONE, self._seen, self._ahead)
            self._take_ticks(part, limit)
            return part if part.topics else None
        part = Part({}, {}, {}, self._seen, self._ahead)
        _move(self.events, part.events, limit)
        _move(self.states, part.states, limit - len(part))
        self._take_along(part)
        if ticks:
            _move(self.positions, part.positions, limit - len(part))
            self._take_ticks(part, limit - len(part))
        return part if len(part) else None

    def new(self) -> Mailbox:
        """Another of the same topics, from which nothing has been taken yet."""
        return Mailbox(self._topics, self._versions)

    def before(self, part: Part) -> Mailbox:
        """Another with what was here before `part` was taken."""
        other = Mailbox(self._topics, self._versions, part.seen, part.ahead)
        for source in (part, self):
            other.events.update(source.events)
            other.states.update(source.states)
            other.positions.update(source.positions)
        return other

    def _take_along(self, part: Part) -> None:
        # The tick must follow its state even within an interval: it is what made the state change.
        topics = [topic for topic in map(self._topics.get, part.states) if topic is not None]
        part.topics = [topic for topic in topics if self._is_new(topic)]
        if part.topics:
            self._ahead = self._ahead | {topic.symbol: topic.version for topic in part.topics}

    def _take_ticks(self, part: Part, limit: int) -> None:
        if not self._rest:
            newer = self._newer()
            if len(newer) <= limit:
                self._seen = self._versions.newest
                if self._ahead:
                    self._ahead = {}
                part.topics = part.topics + newer if part.topics else newer
                return
            # Taken to its end before anything is looked for anew: else the last would wait for ever, if all
            # change before the next part is taken.
            self._rest = newer[::-1]
        taken: list[Topic] = []
        while self._rest and len(taken) < limit:
            topic = self._rest.pop()
            if self._is_new(topic):
                taken.append(topic)
        self._ahead = self._ahead | {topic.symbol: topic.version for topic in taken}
        part.topics = part.topics + taken
        if len(taken) < limit:
            self._take_ticks(part, limit - len(taken))

    def _newer(self) -> list[Topic]:
        seen = self._seen
        newer = [topic for topic in self._topics.values() if topic.version > seen]
        return [topic for topic in newer if self._is_new(topic)] if self._ahead else newer

    def _is_new(self, topic: Topic) -> bool:
        return topic.version > self._seen and self._ahead.get(topic.symbol) != topic.version


NOTHING: Final = Mailbox({}, Versions())
"""Of a client that needs none."""


def _move(waiting: Frames, taken: Frames, limit: int) -> None:
    for key in list(islice(waiting, max(0, limit))):
        taken[key] = waiting.pop(key)
