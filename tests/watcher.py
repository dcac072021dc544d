"""The program that looks at the clock and at nothing else; `tests/stalls.py` starts it.

In a process of its own: a test, or what it tests, that keeps the interpreter to itself must not pass for a
machine that stood still. It writes into memory that it shares with its parent, so that asking costs nothing,
and imports nothing of ours, so that it is there at once.
"""

from __future__ import annotations

import mmap
import select
import sys
import time
from collections.abc import Iterator
from typing import Final

LOOK_S: Final = 0.05
WORTH_S: Final = 0.3
"""Less is a machine that is busy, which every limit allows for."""
MOST: Final = 1000
"""Of the holes the newest, which is more than a test has."""
_HEAD: Final = 2
_VALUE_BYTES: Final = 8
NOTES_BYTES: Final = _VALUE_BYTES * (_HEAD + 2 * MOST)


class Notes:
    """When it looked last, how many holes there were, and from when to when each lasted, by the system's one
    monotonic clock. One process writes, others may read.
    """

    def __init__(self, file: int) -> None:
        self._values = memoryview(mmap.mmap(file, NOTES_BYTES)).cast("d")

    @property
    def looked(self) -> float:
        """The moment of the last look."""
        return self._values[0]

    def begin(self, now: float) -> None:
        """The first look: what was before it is no hole."""
        self._values[0] = now

    def look(self, now: float) -> None:
        """Note how late this look is, if that is worth a note."""
        if is_hole(self.looked, now):
            count = int(self._values[1])
            place = _HEAD + 2 * (count % MOST)
            self._values[place], self._values[place + 1] = self.looked, now
            self._values[1] = count + 1
        # Last: who sees this look sees its hole, too.
        self._values[0] = now

    def holes(self) -> Iterator[tuple[float, float]]:
        """From when to when."""
        count = int(self._values[1])
        for number in range(max(0, count - MOST), count):
            place = _HEAD + 2 * (number % MOST)
            yield self._values[place], self._values[place + 1]


def is_hole(last: float, now: float) -> bool:
    """Whether a look comes so late after the one before that nobody can have had a turn."""
    return now - last > LOOK_S + WORTH_S


def main() -> None:
    """Look until there is no parent any more: its end of the pipe, in which nothing comes, is closed then."""
    notes = Notes(int(sys.argv[1]))
    notes.begin(time.monotonic())
    while not select.select([sys.stdin], [], [], LOOK_S)[0]:
        notes.look(time.monotonic())


if __name__ == "__main__":
    main()
