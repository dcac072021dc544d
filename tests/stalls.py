"""When this machine stood still: a virtual one does, for seconds, and what is tested is not late for that."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

LOOK_S: Final = 0.05
WORTH_S: Final = 0.3
"""Less is a machine that is busy, which every limit allows for."""


class Stalls:
    """A thread that does nothing but look at the clock: when it is late by much, nobody had a turn."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()
        # From when to when; the newest of them, which is more than a test lasts.
        self._spans: deque[tuple[float, float]] = deque(maxlen=1000)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="stalls", daemon=True)

    def start(self) -> None:
        """Watch from now on."""
        self._last = self._clock()
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(LOOK_S):
            self.look()

    def look(self) -> None:
        """Note how late this look is, if that is worth a note."""
        with self._lock:
            last, self._last = self._last, self._clock()
            if self._last - last > LOOK_S + WORTH_S:
                self._spans.append((last, self._last))

    def lost_s(self, since: float) -> float:
        """For how long it stood still since this moment of the monotonic clock."""
        if self._thread.is_alive():
            # Whoever asks may have been woken before the thread was.
            self.look()
        return sum(end - max(start, since) for start, end in list(self._spans) if end > since)

    def ran_s(self, since: float) -> float:
        """The seconds since this moment, without those in which it stood still."""
        return self._clock() - since - self.lost_s(since)


stalls: Final = Stalls()
"""This process's own; `tests/conftest.py` starts it."""
