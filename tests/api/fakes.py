"""Views and their clients with no hub behind them: on a hand clock, and with peers for sockets (`peer.py`).

A tick here is a symbol and a version, so that a test can say which of two is newer.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from tapecast.api.client import Client
from tapecast.api.dispatcher import Dispatcher, Place
from tapecast.api.encoding import Encoding, Plain
from tapecast.api.line import Line
from tapecast.api.view import Sent, View
from tests.api.peer import Peer
from tests.support import HandClock


def frame(symbol: str, version: int, name: str = "") -> bytes:
    """An event about this symbol; without a name, a tick."""
    kind = f"event: {name}\n" if name else ""
    return f'{kind}data: {{"symbol": "{symbol}", "version": {version}}}\n\n'.encode()


class Stopwatch:
    """What a round takes, and the pauses after it: as the test says, and none of it real."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.seconds


class Sender:
    """Something with a turn: it takes so long, and comes again when told."""

    def __init__(self, turns: list[str], name: str = "", *, work: Callable[[], None] | None = None) -> None:
        self.place: int = Place.IDLE
        self.again = math.inf
        self.share = 0.0
        self._turns = turns
        self._name = name
        self._work = work

    def flush(self, now: float) -> float:
        """Note the turn."""
        self._turns.append(self._name)
        if self._work is not None:
            self._work()
        return self.again

    def fullness(self) -> float:
        """As the test says."""
        return self.share


class Witness:
    """The audience, as a client uses it: it remembers what it was told."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def on_blocked(self, client: Client) -> None:
        """Note it."""
        self.heard.append("blocked")

    def on_drained(self, client: Client) -> None:
        """Note it."""
        self.heard.append("drained")

    def on_lost(self, client: Client) -> None:
        """Note it."""
        self.heard.append("lost")


class Room:
    """A dispatcher that flushes when the test says so, and whoever sends through it."""

    def __init__(self) -> None:
        self.time = HandClock()
        self.dispatcher = Dispatcher(self.time.clock.now)
        self.witness = Witness()
        self.sent = Sent()

    def view(self, *symbols: str, interval_s: float = 0.0, encoding: Encoding | None = None) -> View:
        """A view of these symbols."""
        return View(symbols, interval_s, encoding or Plain(), self.dispatcher, self.sent)

    def join(self, view: View, *ticks: tuple[str, int]) -> Peer:
        """A client of this view, with these ticks as its first image and nothing sent yet."""
        peer = Peer(Line(256))
        peer.client = Client(view, peer.line, self.dispatcher, self.witness)
        view.join(peer.client)
        peer.line.listen(peer.client)
        for symbol, version in ticks:
            peer.client.mailbox.put_tick(symbol, frame(symbol, version))
        peer.client.wake()
        return peer

    def seated(self, view: View) -> Peer:
        """A client of this view that is in step."""
        peer = self.join(view)
        self.flush()
        assert peer.client in view.in_step
        return peer

    def flush(self, after_s: float = 0.0) -> None:
        """Write what may be written by then."""
        self.time.advance(after_s)
        self.dispatcher.flush()


def versions(peer: Peer) -> list[tuple[str, int]]:
    """The ticks since the last look, each as its symbol and version."""
    return [(data["symbol"], data["version"]) for name, data in peer.events() if name == "message"]
