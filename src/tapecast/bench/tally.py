"""What all streams of a run have heard, added up as they hear it."""

from __future__ import annotations

from collections import Counter

from tapecast.bench.offset import Offset
from tapecast.bench.sample import Sample
from tapecast.clock import Clock

KINDS = 20
"""So many different words of a server are counted apart: it must not make us remember all that it says."""


class Tally:
    """Shared by the streams of a run; each adds what it hears."""

    def __init__(self, every: int, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.every = every
        # From the end of the ramp on: what came before is not what a deployment does all day.
        self.is_counting = False
        self.prices = 0
        self.others = 0
        self.bytes = 0
        # Not JSON, or not as documented.
        self.unreadable = 0
        # Prices below one that the same stream had had.
        self.disorder = 0
        # Seconds, of the sample, by our clock and not yet corrected.
        self.ages = Sample()
        self.connects = Sample()
        self.first_prices = Sample()
        self.offset = Offset()
        # When any of them heard a price last, by the clock that is never set.
        self.newest = 0.0
        # By the word for the reason.
        self.refused: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        # What the server said with it, the first time.
        self.words: dict[str, str] = {}
        self.reconnected = 0

    def begin(self) -> None:
        """Count from here."""
        self.prices = self.others = self.bytes = 0
        self.is_counting = True

    def end(self) -> None:
        """Count no more: what follows is us who leave."""
        self.is_counting = False

    def refuse(self, code: str, words: str) -> None:
        """A stream that never began."""
        self._note(self.refused, code, words)

    def lose(self, code: str, words: str) -> None:
        """A stream that ended before its time."""
        self._note(self.lost, code, words)

    def _note(self, counts: Counter[str], code: str, words: str) -> None:
        code = code if code in counts or len(counts) < KINDS else "other"
        counts[code] += 1
        self.words.setdefault(code, words)
