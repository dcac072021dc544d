"""When this machine stood still: a virtual one does, for seconds, and what is tested is not late for that."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Final

from tests import watcher
from tests.watcher import NOTES_BYTES, Notes, is_hole

PATIENCE_S: Final = 5.0
"""For a watcher that nobody has woken yet, though we were."""


class Stalls:
    """What a watcher saw, which lives from the start to the stop, and no longer than this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._notes: Notes | None = None
        self._watcher: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Watch from now on."""
        # It has no name, and lasts for as long as one of the two has it mapped.
        with tempfile.TemporaryFile() as file:
            file.truncate(NOTES_BYTES)
            self._notes = Notes(file.fileno())
            self._notes.begin(self._clock())
            command = [sys.executable, "-I", "-S", watcher.__file__, str(file.fileno())]
            # Not in our session: a Ctrl-C is for us, who then end it.
            self._watcher = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=[file.fileno()],
                start_new_session=True,
            )  # fmt: skip

    def stop(self) -> None:
        """Watch no more; what was seen can still be asked for."""
        ending, self._watcher = self._watcher, None
        if ending is not None and ending.stdin is not None:
            ending.stdin.close()
            ending.wait(60)

    def lost_s(self, since: float) -> float:
        """For how long it stood still since this moment of the monotonic clock."""
        if self._notes is None:
            return 0.0
        self._catch_up(self._notes)
        return sum(end - max(start, since) for start, end in self._notes.holes() if end > since)

    def _catch_up(self, notes: Notes) -> None:
        """Whoever asks may have been woken before the watcher was. One that is gone has seen nothing."""
        late = time.monotonic() + PATIENCE_S
        while is_hole(notes.looked, self._clock()) and self._is_watched and time.monotonic() < late:
            time.sleep(0.001)

    @property
    def _is_watched(self) -> bool:
        return self._watcher is not None and self._watcher.poll() is None

    def ran_s(self, since: float) -> float:
        """The seconds since this moment, without those in which it stood still."""
        return self._clock() - since - self.lost_s(since)


stalls: Final = Stalls()
"""This process's own; `tests/conftest.py` starts it."""
