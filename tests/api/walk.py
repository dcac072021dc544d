"""A view and its clients through any sequence of what can happen, watched at every step.

No client may ever see an older value or the same one twice, nor ticks more often than its interval says; and
when everybody has taken everything, each has seen the newest.
"""

from __future__ import annotations

import math

from hypothesis import strategies as st

from tapecast.api.client import Client
from tests.api.fakes import Room, frame
from tests.api.peer import Event, Peer

SYMBOLS = ("A", "B")
INTERVALS = st.sampled_from([0.0, 1.0])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("tick"), st.sampled_from(SYMBOLS)),
        st.tuples(st.just("state"), st.sampled_from(SYMBOLS)),
        st.tuples(st.just("event"), st.just("feed")),
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


class Watched:
    """A client, what it has seen, and whether that may be so."""

    def __init__(self, peer: Peer, interval_s: float) -> None:
        self.peer = peer
        self.interval_s = interval_s
        self.seen: dict[tuple[str, str], int] = {}
        self._ticked_s = -math.inf

    def look(self, now: float) -> None:
        """Take in what it got since the last look."""
        for events in self.peer.frames():
            for name, data in events:
                key = (name, data["symbol"])
                assert data["version"] > self.seen.get(key, 0), f"{key}: older or repeated"
                self.seen[key] = data["version"]
            self._keep(events, now)

    def _keep(self, events: list[Event], now: float) -> None:
        if {name for name, _ in events} == {"message"}:
            assert now == self._ticked_s or now - self._ticked_s >= self.interval_s, "within the interval"
            self._ticked_s = now


class Walk:
    """One view, and one step after the other."""

    def __init__(self, interval_s: float) -> None:
        self.room = Room()
        self.view = self.room.view(*SYMBOLS, interval_s=interval_s)
        self.here: list[Watched] = []
        self.newest: dict[tuple[str, str], int] = {}

    def step(self, what: str, which: str | float) -> None:
        """Do this."""
        if what in ("tick", "state", "event"):
            self._put(what, str(which))
        elif what == "flush":
            self._flush(float(which))
        elif what == "settle":
            self.settle()
        elif what == "join":
            self.here.append(Watched(self.room.join(self.view), self.view.interval_s))
            self._introduce(self.here[-1].peer.client)
        elif self.here:
            self._touch(self.here[int(which) % len(self.here)], what)

    def settle(self) -> None:
        """Let everybody take everything: each has seen all there is."""
        for watched in self.here:
            watched.peer.drain()
        for _ in range(3):
            self._flush(1.0)
        for watched in self.here:
            assert watched.seen == self.newest

    def _put(self, kind: str, which: str) -> None:
        name = {"tick": "message", "state": "symbol", "event": which}[kind]
        version = self.newest[name, which] = self.newest.get((name, which), 0) + 1
        put = {"tick": self.view.put_tick, "state": self.view.put_state, "event": self.view.put_event}[kind]
        put(which, frame(which, version, "" if kind == "tick" else name))

    def _introduce(self, client: Client) -> None:
        for (name, which), version in self.newest.items():
            if name == "message":
                client.mailbox.put_tick(which, frame(which, version))
            elif name == "symbol":
                client.mailbox.put_state(which, frame(which, version, name))
            else:
                client.mailbox.put_event(which, frame(which, version, name))
        client.wake()

    def _touch(self, watched: Watched, what: str) -> None:
        if what == "stall":
            watched.peer.stall()
        elif what == "drain":
            watched.peer.drain()
        else:
            watched.peer.leave()
            watched.look(self.room.time.seconds)
            self.here.remove(watched)

    def _flush(self, after_s: float) -> None:
        # What is written as a socket drains is looked at before time passes.
        self._look()
        self.room.flush(after_s)
        self._look()

    def _look(self) -> None:
        for watched in self.here:
            watched.look(self.room.time.seconds)
