"""A view and its clients through any sequence of what can happen, watched at every step.

No client may ever be sent an older value, the same one twice or one that was void by then, nor ticks more
often than its interval says; and when everybody has taken everything, each has the newest.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from functools import partialmethod
from itertools import count
from unittest.mock import patch

from hypothesis import strategies as st

from tapecast.api.client import Client
from tapecast.api.mailbox import BATCH, Mailbox
from tests.api.fakes import Room, frame
from tests.api.peer import Event, Peer

SYMBOLS = ("A", "B", "C", "D", "E")
ELSEWHERE = "Z"
"""A symbol that the view does not show: its ticks take numbers, too."""
HELD = frozenset({"message", "position"})
NAMES = {"tick": "message", "state": "symbol", "position": "position", "event": "feed"}

LIMITS = st.sampled_from([2, BATCH])
"""How much goes out at once: most of the symbols at a time, or all of them."""
INTERVALS = st.sampled_from([0.0, 1.0])
_SYMBOL = st.sampled_from(SYMBOLS)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["tick", "tick", "state", "change", "position", "void"]), _SYMBOL),
        st.tuples(st.just("burst"), st.just("")),
        st.tuples(st.sampled_from(["event", "elsewhere"]), st.just(ELSEWHERE)),
        st.tuples(st.sampled_from(["stall", "drain"]), st.integers(0, 5)),
        st.tuples(st.sampled_from(["join", "leave"]), st.integers(0, 5)),
        st.tuples(st.just("flush"), st.sampled_from([0.0, 0.3, 1.0])),
        st.tuples(st.just("flush"), st.just(0.0)),
        st.tuples(st.just("settle"), st.just(0)),
    ),
    # Long enough for what takes several steps to go wrong.
    min_size=50,
    max_size=200,
)
"""What can happen to a view. Which client: the number is taken modulo those that are there."""

Known = dict[tuple[str, str], int]


def limited(limit: int) -> AbstractContextManager[object]:
    """So much, at most, is taken out of a mailbox at once."""
    return patch.object(Mailbox, "take", partialmethod(Mailbox.take, limit=limit))


class Watched:
    """A client, what it was sent, and whether that may be so."""

    def __init__(self, peer: Peer, interval_s: float, void: Known) -> None:
        self.peer = peer
        self.interval_s = interval_s
        # Also what must not be sent to it any more.
        self.seen = dict(void)
        self._ticked_s = -math.inf

    def look(self, now: float, newest: Known) -> None:
        """Take in what was written to it since the last look."""
        for events in self.peer.written():
            for name, data in events:
                key = (name, data["symbol"])
                assert data["version"] > self.seen.get(key, 0), f"{key}: older, repeated or void"
                self.seen[key] = data["version"]
            self._follow(events, newest)
            self._keep(events, now)

    def _follow(self, events: list[Event], newest: Known) -> None:
        for name, data in events:
            tick = ("message", data["symbol"])
            if name == "symbol":
                assert self.seen.get(tick, 0) == newest.get(tick, 0), "a state without its tick"

    def _keep(self, events: list[Event], now: float) -> None:
        if is_held(events):
            assert now == self._ticked_s or now - self._ticked_s >= self.interval_s, "within the interval"
            self._ticked_s = now


def is_held(events: list[Event]) -> bool:
    """Whether a write has what an interval holds back: a tick that goes along with its state is not that."""
    along = {data["symbol"] for name, data in events if name == "symbol"}
    return any(name in HELD and (name != "message" or data["symbol"] not in along) for name, data in events)


class Walk:
    """One view, and one step after the other."""

    def __init__(self, interval_s: float) -> None:
        self.room = Room()
        self.view = self.room.view(*SYMBOLS, interval_s=interval_s)
        self.here: list[Watched] = []
        self.newest: Known = {}
        self.void: Known = {}
        self._elsewhere = count(1)

    def step(self, what: str, which: str | float) -> None:
        """Do this."""
        if isinstance(which, str):
            self._happen(what, which)
        elif what == "flush":
            self._flush(which)
        elif what == "settle":
            self.settle()
        elif what == "join":
            peer = self.room.join(self.view)
            self.here.append(Watched(peer, self.view.interval_s, self.void))
            self._introduce(peer.client)
        elif self.here:
            self._touch(self.here[int(which) % len(self.here)], what)

    def settle(self) -> None:
        """Let everybody take everything: each has been sent all there is."""
        for watched in self.here:
            watched.peer.drain()
        for _ in range(3):
            self._flush(1.0)
        for watched in self.here:
            assert watched.seen == self.newest
            assert not watched.peer.socket.buffer

    def _happen(self, what: str, symbol: str) -> None:
        if what == "elsewhere":
            self.room.tick(symbol, next(self._elsewhere))
        elif what == "burst":
            for each in SYMBOLS:
                self._put("tick", each)
        elif what == "void":
            self._void(symbol)
        elif what == "change":
            # As the hub has it: first the image, then the state that follows from it, then the ring.
            self.room.put(symbol, self._next("message", symbol))
            self._put("state", symbol)
            self.room.tell(symbol)
        else:
            self._put(what, symbol)

    def _put(self, kind: str, symbol: str) -> None:
        name = NAMES[kind]
        version = self._next(name, symbol)
        if kind == "tick":
            self.room.tick(symbol, version)
            return
        view = self.view
        put = {"state": view.put_state, "position": view.put_position, "event": view.put_event}[kind]
        put(symbol, frame(symbol, version, name))

    def _void(self, symbol: str) -> None:
        self._look()
        self.room.void(symbol)
        key = ("message", symbol)
        if key in self.newest:
            self.void[key] = self.newest[key]
            for watched in self.here:
                watched.seen[key] = self.newest[key]

    def _next(self, name: str, symbol: str) -> int:
        version = self.newest[name, symbol] = self.newest.get((name, symbol), 0) + 1
        return version

    def _introduce(self, client: Client) -> None:
        # Ticks it finds by itself.
        box = client.mailbox
        put = {"symbol": box.put_state, "position": box.put_position, "feed": box.put_event}
        for (name, symbol), version in self.newest.items():
            if name in put:
                put[name](symbol, frame(symbol, version, name))
        client.wake()

    def _touch(self, watched: Watched, what: str) -> None:
        if what == "stall":
            watched.peer.stall()
        elif what == "drain":
            watched.peer.drain()
        else:
            watched.peer.leave()
            watched.look(self.room.time.seconds, self.newest)
            self.here.remove(watched)

    def _flush(self, after_s: float) -> None:
        # What is written as a socket drains is looked at before time passes.
        self._look()
        self.room.flush(after_s)
        self._look()

    def _look(self) -> None:
        for watched in self.here:
            watched.look(self.room.time.seconds, self.newest)
