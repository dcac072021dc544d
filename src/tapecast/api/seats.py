"""From an ask to a client in a view: who shares what, what a view listens to, and how a client is introduced.

On every connect a client gets the state of every feed and symbol with its newest or last known tick. That is
also the whole recovery after a lost connection: nothing is kept per client.
"""

from __future__ import annotations

from typing import Final

from tapecast import __version__
from tapecast.api import frames
from tapecast.api.client import Client
from tapecast.api.dispatcher import Dispatcher
from tapecast.api.encoding import Encoding, Gzip, Plain
from tapecast.api.grant import EVERYTHING, Grant
from tapecast.api.hub import Hub
from tapecast.api.line import Line, chunk
from tapecast.api.mailbox import Mailbox
from tapecast.api.symbols import Ask, BarsAsk
from tapecast.api.view import View
from tapecast.clock import Clock

TICK_BYTES: Final = 256
"""About what a tick's frame takes; full ones have some more."""
FULL_LINE: Final = 64
"""History comes in one go: of bars, as for so many symbols."""

ACCOUNT_BYTES: Final = 4 * 1024
"""About what the first image of an account takes, or a few order events at once."""

_Key = tuple[tuple[str, ...], int, bool, bool, BarsAsk | None, str]


class Seats:
    """All views by what they show."""

    def __init__(self, hub: Hub, dispatcher: Dispatcher, clock: Clock) -> None:
        self._hub = hub
        self._dispatcher = dispatcher
        self._clock = clock
        self._views: dict[_Key, View] = {}
        self.plain: Encoding = Plain()
        self.gzip: Encoding = Gzip()

    def line(self, ask: Ask) -> Line:
        """A line for a client that asks for this."""
        room = TICK_BYTES * max(len(ask.symbols), FULL_LINE if ask.bars else 1)
        return Line(room + (ACCOUNT_BYTES if ask.positions else 0))

    def take(self, ask: Ask, encoding: Encoding, line: Line, grant: Grant = EVERYTHING) -> None:
        """Seat the client on this line, and begin to send. It is gone when the line is, or its right ends."""
        # The same strings for all: twenty of each client's own would be most of its memory.
        symbols = tuple(map(self._hub.topics.spelled, sorted(ask.symbols)))
        key = (symbols, ask.interval_ms, ask.positions, ask.status, ask.bars, encoding.name)
        view = self._views.get(key)
        if view is None:
            new = self._hub.topics.new([*symbols, *(ask.bars.symbols if ask.bars else ())])
            view = self._views[key] = self._open(symbols, ask, encoding)
            self._hub.topics.charge(new, grant.bringer)
        else:
            self._hub.count(view.symbols, 1)
        client = Client(view, line, self._dispatcher, self._hub.audience)
        view.join(client)
        # Counted first, so that the status which this client gets counts it.
        self._hub.audience.seat(client, lambda: self._left(key, view), grant)
        self._introduce(client.mailbox, ask)
        if encoding.head:
            line.write(chunk(encoding.head))
        client.wake()
        if self._hub.audience.is_draining:
            # It was let in before the word to stop, and is seated after it.
            self._hub.audience.dismiss(client)

    def _open(self, symbols: tuple[str, ...], ask: Ask, encoding: Encoding) -> View:
        hub = self._hub
        view = View(symbols, ask.interval_ms / 1000, encoding, self._dispatcher, hub.audience.sent)
        hub.audience.open(view)
        hub.show(view)
        if ask.positions:
            hub.book.add(view)
        if ask.status:
            hub.board.add(view)
        if ask.bars:
            hub.bars.add(view, ask.bars)
        return view

    def _introduce(self, mailbox: Mailbox, ask: Ask) -> None:
        hub = self._hub
        mailbox.put_event("hello", frames.retry() + frames.event("hello", self._hello(ask)))
        for status in hub.markets.statuses():
            mailbox.put_event(f"feed:{status.market}", frames.event("feed", status))
        for refusal in ask.refused:
            mailbox.put_state(refusal.symbol, frames.event("symbol", refusal))
        hub.introduce(mailbox, ask.symbols)
        if ask.positions:
            hub.book.introduce(mailbox)
        if ask.status:
            hub.board.introduce(mailbox)
        if ask.bars:
            hub.bars.introduce(mailbox, ask.bars)

    def _left(self, key: _Key, view: View) -> None:
        if len(view):
            self._hub.count(view.symbols, -1)
            return
        del self._views[key]
        self._hub.board.remove(view)
        self._hub.book.remove(view)
        self._hub.bars.remove(view)
        self._hub.hide(view)
        self._hub.audience.close(view)

    def _hello(self, ask: Ask) -> dict[str, object]:
        bars = {"bars": {"interval": ask.bars.interval, "limit": ask.bars.limit}} if ask.bars else {}
        return bars | {
            "server_time": self._clock.micros(),
            "interval": ask.interval_ms,
            "version": __version__,
            "feeds": self._hub.markets.statuses(),
        }
