"""One symbol's bars of one length, as this replica knows them, and the frames that tell of them.

Of each start the bar of the highest order stands; its bytes are ingest's own, and each frame is made once.

They are current while the market's present owner is well and has said that they are whole. Else nobody
follows them, or has told yet what was missed: `bars` says `partial`, and so does each bar that was forming.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import msgspec

from tapecast.api.view import View
from tapecast.bus import codec
from tapecast.bus.bars import BARS_KEPT, BUCKET, BarIndex, BarMessage, decode_bar, decode_bar_head
from tapecast.bus.bars_joins import BarsOf

FRAMES_MOST: Final = 4
"""Different limits whose frames are kept: each is as large as its answer."""


class Shelf:
    """One symbol's bars of one length."""

    def __init__(self, of: BarsOf, owner: Callable[[], int]) -> None:
        self.symbol, self.interval = of
        # Asked for the epoch of the market's owner, 0 while there is none that is well.
        self._owner = owner
        # The order of the newest word, and whether it said that these bars are whole.
        self._word = (0, 0)
        self._is_whole = False
        # The starts of those that are not over.
        self._unclosed: set[str] = set()
        # How the frames that are kept were made, and whether a client has been told less than all.
        self._was_current = False
        self.was_doubted = False
        # What a bar begins with, on its way out.
        self._head = b'{"symbol":"%b","interval":"%b",' % (self.symbol.encode(), self.interval.encode())
        # By start, which sorts as text: the order, and the bar's own bytes or nothing where there is none.
        self._bars: dict[str, tuple[tuple[int, int], bytes]] = {}
        self._frames: dict[int, bytes] = {}
        # The start of the bar that was told while it was forming.
        self.forming = ""
        self.is_joined = False
        self.has_history = False
        # Whose bars they are.
        self._feed = ""
        # Somebody has waited for it in vain already.
        self.was_awaited = False
        # Each with the most that it shows of before.
        self.views: dict[View, int] = {}
        self.held_until = -math.inf

    def begin(self, listing: BarIndex) -> None:
        """What is stored is about to be put here. Of another feed's bars none is kept."""
        if listing.feed and self._feed not in ("", listing.feed):
            self._bars.clear()
            self._unclosed.clear()
            self.forming = ""
        self._feed = listing.feed or self._feed
        self.is_joined, self.has_history = True, listing.history
        # It says whose history it is.
        self._frames.clear()

    def hear(self, message: BarMessage) -> None:
        """Take what a word says of all of them, if it is newer."""
        if (message.epoch, message.seq) > self._word:
            self._word, self._is_whole = (message.epoch, message.seq), message.whole

    @property
    def is_current(self) -> bool:
        """Whether the owner of now follows them, and nothing is missing."""
        return self._is_whole and self._word[0] == self._owner()

    def put(self, data: bytes) -> tuple[str, bytes, bool] | None:
        """Hold this bar if it is newer: its start, its frame, and whether it is over. Or nothing."""
        head = decode_bar_head(data)
        held = self._bars.get(head.start)
        if held is not None and (head.epoch, head.seq) <= held[0]:
            return None
        self._bars[head.start] = ((head.epoch, head.seq), b"" if head.removed else data)
        self._frames.clear()
        if head.closed or head.removed:
            self._unclosed.discard(head.start)
        else:
            self._unclosed.add(head.start)
        if len(self._bars) > BARS_KEPT + 2 * BUCKET:
            starts = sorted(self._bars)[-BARS_KEPT:]
            self._bars = {start: self._bars[start] for start in starts}
            self._unclosed &= self._bars.keys()
        frame = b"event: bar\ndata: %b%b\n\n" % (self._head, _line(data)[1:])
        return head.start, frame, head.closed or head.removed

    @property
    def is_settled(self) -> bool:
        """Whether waiting would bring nothing more at once."""
        if not self.is_joined:
            return False
        if self.was_awaited:
            return True
        return self.is_current and (self.has_history or (self.interval.is_fine and bool(self._bars)))

    def bars(self, limit: int) -> list[bytes]:
        """The newest of them, oldest first."""
        known = [start for start in sorted(self._bars) if self._bars[start][1]][-limit:]
        doubted = self._unclosed if not self.is_current else frozenset[str]()
        bars = [(start in doubted, self._bars[start][1]) for start in known]
        return [_doubted(data) if is_doubted else data for is_doubted, data in bars]

    def body(self, limit: int) -> bytes:
        """All that is told of these bars at once, as JSON."""
        history = b"venue" if self.has_history else b"own"
        partial = b"" if self.is_current else b'"partial":true,'
        bars = b",".join(self.bars(limit))
        return b'%b"history":"%b",%b"bars":[%b]}' % (self._head, history, partial, bars)

    def frame(self, limit: int) -> bytes:
        """The same as an event, made once for all that get it."""
        if self._was_current != self.is_current:
            self._was_current = not self._was_current
            self._frames.clear()
        self.was_doubted |= not self._was_current
        frame = self._frames.get(limit)
        if frame is None:
            if len(self._frames) == FRAMES_MOST:
                self._frames.clear()
            frame = self._frames[limit] = b"event: bars\ndata: %b\n\n" % _line(self.body(limit))
        return frame


def _doubted(data: bytes) -> bytes:
    try:
        return codec.encode(msgspec.structs.replace(decode_bar(data), partial=True))
    except msgspec.DecodeError:
        # A foreign program's, of which only the head makes sense.
        return data


def _line(data: bytes) -> bytes:
    # Never ours: somebody's pretty-printed JSON, whose line breaks would end the frame half way.
    return data.translate(None, b"\r\n") if data.find(10) >= 0 or data.find(13) >= 0 else data
