"""However history and news meet at a client, it ends with the bars that were told last."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tapecast.bars import Bar
from tests.api.peer import Peer
from tests.api.test_bars import Desk

SECONDS = st.integers(0, 12)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["form", "close", "remove"]), SECONDS),
        st.tuples(
            st.sampled_from(["hear", "hear", "read", "lose", "flush", "stall", "drain", "join", "anew"])
        ),
    ),
    max_size=80,
)


class Story:
    """Ingest's words on their way: what Redis holds, what is on the link, what clients make of it."""

    def __init__(self) -> None:
        self.desk = Desk()
        # The newest word on each start, and words that the api has not heard yet.
        self.bars: dict[str, Bar] = {}
        self.link: list[tuple[Bar, bool]] = []
        self.peers: list[tuple[Peer, dict[str, dict[str, Any]]]] = []
        self.is_stalled = self.is_read = False
        self.join()

    def _say(self, second: int, **flags: bool) -> None:
        bar = self.desk.bar(second, float(self.desk.seq), **flags)
        held = self.bars.get(bar.start)
        if held is not None and (held.closed or held.removed) and not (bar.closed or bar.removed):
            return
        if flags.get("removed"):
            bar = msgspec.structs.replace(
                bar, open=None, high=None, low=None, close=None, volume=None, trades=None
            )
        self.bars[bar.start] = bar
        self.link.append((bar, False))

    def form(self, second: int) -> None:
        """A bar grows."""
        self._say(second)

    def close(self, second: int) -> None:
        """It is over, or changes after that."""
        self._say(second, closed=True)

    def remove(self, second: int) -> None:
        """It never was."""
        self._say(second, removed=True)

    def hear(self) -> None:
        """The next word arrives."""
        if self.link:
            bar, anew = self.link.pop(0)
            self.desk.tell(bar, anew=anew)

    def anew(self) -> None:
        """A word that says to read all again."""
        if self.bars:
            self.link.append((self.bars[max(self.bars)], True))

    def read(self) -> None:
        """Redis's answer, which is ahead of the link."""
        self.desk.store(*self.bars.values())
        self.is_read = True

    def lose(self) -> None:
        """The link is new: what was on it is gone, and all is read."""
        self.link.clear()
        self.read()

    def flush(self) -> None:
        """Whatever may go out goes."""
        self.desk.flush()

    def join(self) -> None:
        """One more client."""
        if len(self.peers) < 4:
            self.peers.append((self.desk.look(), {}))

    def stall(self) -> None:
        """The first client takes nothing."""
        if not self.is_stalled:
            self.peers[0][0].stall()
            self.is_stalled = True

    def drain(self) -> None:
        """And then all of it."""
        if self.is_stalled:
            self.peers[0][0].drain()
            self.is_stalled = False

    def end(self) -> None:
        """Everything arrives; of bars only the newest may be forming still."""
        for start in sorted(self.bars)[:-1]:
            if not self.bars[start].closed and not self.bars[start].removed:
                self.close(int(start[17:19]))
        while self.link:
            self.hear()
        if not self.is_read:
            self.read()
        self.flush()
        self.drain()
        self.flush()
        for peer, held in self.peers:
            for name, data in peer.events():
                if name == "bars":
                    held.clear()
                    held.update((bar["start"], bar) for bar in data["bars"])
                if name == "bar":
                    known = held.get(data["start"])
                    assert known is None or data["seq"] >= known["seq"], "an old word on a bar"
                    held[data["start"]] = data


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_every_client_ends_with_the_same_bars(steps: list[tuple[Any, ...]]) -> None:
    """Whenever it came, however slow it was, whatever was lost on the way."""
    story = Story()
    for name, *values in steps:
        getattr(story, name)(*values)
    story.end()
    truth = {start: bar.seq for start, bar in story.bars.items() if not bar.removed}
    for _, held in story.peers:
        assert {start: bar["seq"] for start, bar in held.items() if not bar.get("removed")} == truth
