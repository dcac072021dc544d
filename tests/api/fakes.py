"""Views and their clients with no hub behind them: on a hand clock, and with peers for sockets (`peer.py`).

A tick here is a symbol and a version, so that a test can say which of two is newer. It comes as the hub has
it come: into its topic, which rings its listeners.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import count

from tapecast.api.client import Client
from tapecast.api.dispatcher import Dispatcher, Place
from tapecast.api.encoding import Encoding, Plain
from tapecast.api.line import Line
from tapecast.api.mailbox import Mailbox
from tapecast.api.sent import Sent
from tapecast.api.topic import Topic, Versions
from tapecast.api.view import View
from tapecast.bus import codec
from tapecast.market import Market
from tests.api.peer import Peer
from tests.support import HandClock


def frame(symbol: str, version: int, name: str) -> bytes:
    """An event about this symbol."""
    return f'event: {name}\ndata: {{"symbol": "{symbol}", "version": {version}}}\n\n'.encode()


class Tape:
    """Topics without a hub, and ticks that say their version."""

    def __init__(self) -> None:
        self.versions = Versions()
        self._topics: dict[str, Topic] = {}
        self._seq = count(1)

    def topic(self, symbol: str) -> Topic:
        """The one of this symbol."""
        if symbol not in self._topics:
            self._topics[symbol] = Topic(symbol, Market.US_EQUITY, 5.0, self.versions)
        return self._topics[symbol]

    def topics(self, *symbols: str) -> dict[str, Topic]:
        """Those of these symbols."""
        return {symbol: self.topic(symbol) for symbol in symbols}

    def put(self, symbol: str, version: int) -> None:
        """The symbol has a new image, which nobody is told of yet."""
        image = f'{{"symbol":"{symbol}","price":1,"version":{version},"epoch":1,"seq":{next(self._seq)}}}'
        assert self.topic(symbol).take(image.encode(), 0.0), "a version comes once"

    def tick(self, symbol: str, version: int) -> None:
        """The symbol has a new image."""
        self.put(symbol, version)
        self.tell(symbol)

    def void(self, symbol: str) -> None:
        """The symbol has no image any more: what it had never was."""
        self.topic(symbol).take(codec.encode(codec.Head(symbol, 1, next(self._seq), 1)), 0.0)
        self.tell(symbol)

    def tell(self, symbol: str) -> None:
        """Whoever listens is told."""
        self.topic(symbol).tell()


class Listener(Mailbox):
    """A mailbox that hears of its topics by itself: what it holds is what clients would be told."""

    def ring(self, symbol: str) -> None:
        """It takes what there is when it is asked to."""


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
        # As the test says.
        self.fullness = 0.0
        self._turns = turns
        self._name = name
        self._work = work

    def flush(self, now: float) -> float:
        """Note the turn."""
        self._turns.append(self._name)
        if self._work is not None:
            self._work()
        return self.again


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


class Room(Tape):
    """A dispatcher that flushes when the test says so, and whoever sends through it."""

    def __init__(self) -> None:
        super().__init__()
        self.time = HandClock()
        self.dispatcher = Dispatcher(self.time.clock.now)
        self.witness = Witness()
        self.sent = Sent()

    def view(self, *symbols: str, interval_s: float = 0.0, encoding: Encoding | None = None) -> View:
        """A view of these symbols, which hears what comes from now on."""
        view = View(symbols, interval_s, encoding or Plain(), self.dispatcher, self.sent)
        view.show(self.topics(*symbols), self.versions)
        for symbol in symbols:
            self.topic(symbol).views[view] = None
        self.dispatcher.views[view] = None
        return view

    def tell(self, symbol: str) -> None:
        """Whoever listens is told, and whoever shows it is rung."""
        super().tell(symbol)
        self.dispatcher.ring(symbol, self.topic(symbol).views)

    def join(self, view: View) -> Peer:
        """A client of this view that is to get all that is known, with nothing sent yet."""
        peer = Peer(Line(256))
        peer.client = Client(view, peer.line, self.dispatcher, self.witness)
        view.join(peer.client)
        peer.line.listen(peer.client)
        peer.client.wake()
        return peer

    def stuck(self, view: View) -> Peer:
        """A client of this view whose socket took nothing of what there is so far."""
        peer = self.join(view)
        peer.stall()
        self.flush()
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
