"""Conflate: the venue's messages become the newest image of each symbol, and what changed is marked.

The feed's reader calls the `on_*` methods, which store and return. What is marked is written by the flusher
(`flusher.py`), so a burst costs one write per symbol, not one per message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from tapecast.bus import codec
from tapecast.bus.publisher import Retired
from tapecast.clock import Clock
from tapecast.conflation import drain
from tapecast.ingest.image import Image
from tapecast.market import Cancel, Correction, Quote, Snapshot, Tick, Trade

ASLEEP_MOST: Final = 1000
"""Images that are kept of symbols that nobody wants, those that were wanted last."""


class Conflator:
    """The images of one market under one lease."""

    def __init__(self, epoch: int, clock: Clock | None = None) -> None:
        self.epoch = epoch
        self._clock = clock or Clock()
        self._images: dict[str, Image] = {}
        # Of symbols not wanted any more, for when they are again: `last:` may be seconds older than what was
        # shown, and does not name the prints that were taken back.
        self._asleep: dict[str, Image] = {}
        # What the venue says it sends, and those of the images that it is for. No other message is heard: of
        # a symbol just unsubscribed some still arrive, and what they say would never be taken back.
        self._confirmed: frozenset[str] = frozenset()
        self._heard: dict[str, Image] = {}
        # To be written, in the order in which they changed.
        self.dirty: dict[str, Image] = {}
        # Symbols whose `price:` must go at once: nobody follows them any more, and a key says that we do; or
        # what it says was void.
        self.retired: dict[str, Retired] = {}
        # Set when there is something to write.
        self.woken = asyncio.Event()
        self._seq = 0
        # The first seq of the present venue session; a beat vouches for ticks from here on.
        self.session_seq = self.next_seq()

    def on_session(self) -> None:
        """A new session: nothing known so far may be published until it is confirmed again."""
        self.on_subscribed(frozenset())
        self.session_seq = self.next_seq()

    def on_subscribed(self, symbols: frozenset[str]) -> None:
        """The venue's whole set: what is not in it any more is neither published nor refreshed."""
        self._confirmed = symbols
        for symbol, image in self._heard.items():
            if symbol not in symbols:
                image.fresh = False
                self.dirty.pop(symbol, None)
        self._listen()

    def on_trade(self, trade: Trade) -> None:
        """Store a print."""
        image = self._heard.get(trade.symbol)
        if image is not None and image.on_trade(trade):
            self.touch(image)

    def on_quote(self, quote: Quote) -> None:
        """Store a quote."""
        image = self._heard.get(quote.symbol)
        if image is not None and image.on_quote(quote):
            self.touch(image)

    def on_data(self, data: Iterable[Trade | Quote]) -> None:
        """Store the prints and quotes of one frame: what `on_trade` and `on_quote` do, for many at once."""
        images, dirty = self._heard, self.dirty
        for value in data:
            image = images.get(value.symbol)
            if image is None:
                continue
            changed = image.on_trade(value) if isinstance(value, Trade) else image.on_quote(value)
            if changed and image.fresh:
                dirty[value.symbol] = image
        if dirty:
            self.woken.set()

    def on_correction(self, correction: Correction) -> None:
        """Mend a print."""
        image = self._heard.get(correction.symbol)
        if image is not None and image.on_correction(correction):
            self._mended(image)

    def on_cancel(self, cancel: Cancel) -> None:
        """Forget a print."""
        image = self._heard.get(cancel.symbol)
        if image is not None and image.on_cancel(cancel):
            self._mended(image)

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Store the venue's REST answer."""
        image = self._heard.get(snapshot.symbol)
        if image is not None and image.on_snapshot(snapshot):
            self.touch(image)

    def touch(self, image: Image) -> None:
        """Have this image written, if this session has confirmed it."""
        if image.fresh:
            self.dirty[image.symbol] = image
            self.woken.set()

    def _mended(self, image: Image) -> None:
        if image.is_void:
            # No price is better than one that never was: whoever shows it must hear of that.
            head = codec.Head(image.symbol, self.epoch, self.next_seq(), image.ts_recv)
            self._retire(Retired(image.symbol, codec.encode(head)))
        self.touch(image)

    def _retire(self, retired: Retired) -> None:
        self.dirty.pop(retired.symbol, None)
        if retired.void or retired.symbol not in self.retired:
            self.retired[retired.symbol] = retired
        self.woken.set()

    def retire_again(self, retired: Iterable[Retired]) -> None:
        """Have these void prices retired after all, unless a newer one is."""
        for each in retired:
            waiting = self.retired.get(each.symbol)
            if waiting is None or not waiting.void:
                self.retired[each.symbol] = each

    def _listen(self) -> None:
        images = self._images
        self._heard = {symbol: images[symbol] for symbol in self._confirmed if symbol in images}

    def image(self, symbol: str) -> Image | None:
        """What is known of a symbol that is wanted."""
        return self._images.get(symbol)

    def missing(self, symbols: Iterable[str]) -> list[str]:
        """Of which of these symbols nothing is known yet."""
        return [symbol for symbol in symbols if symbol not in self._images and symbol not in self._asleep]

    def keep(self, symbols: Iterable[str], restored: Iterable[Tick] = ()) -> None:
        """Hold images of exactly these symbols, new ones started from `restored` where it has them."""
        wanted = set(symbols)
        gone, new = self._images.keys() - wanted, wanted - self._images.keys()
        for symbol in gone:
            image = self._asleep[symbol] = self._images.pop(symbol)
            # What it will miss is unknown, as of a lost session.
            image.fresh = False
            self._retire(Retired(symbol))
        for symbol in new:
            self._images[symbol] = self._asleep.pop(symbol) if symbol in self._asleep else Image(symbol)
        drain(self._asleep, len(self._asleep) - ASLEEP_MOST)
        if gone or new:
            self._listen()
        for tick in restored:
            if tick.symbol in wanted:
                self._images[tick.symbol].restore(tick)

    def outdated_days(self) -> list[str]:
        """Symbols whose price was void, or whose day has turned: they want asking for again."""
        return [image.symbol for image in self._images.values() if image.wants_snapshot]

    def next_seq(self, count: int = 1) -> int:
        """Unix microseconds, but always above the one before: so a new writer starts above the old.

        The first of `count` that follow each other and are the caller's.
        """
        first = max(self._seq + 1, self._clock.micros())
        self._seq = first + count - 1
        return first
