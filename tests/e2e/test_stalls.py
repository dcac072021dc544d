"""A machine that stands still is told apart from what is late, and from who keeps all to himself."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stalls import Stalls
from tests.support import HandClock, eventually
from tests.watcher import LOOK_S, MOST, NOTES_BYTES, WORTH_S, Notes, is_hole

ROOT = Path(__file__).parents[2]
LONG_S = LOOK_S + WORTH_S + 0.15
"""Between two looks, this is a hole."""


@pytest.fixture
def notes() -> Notes:
    """Nobody's but the test's."""
    with tempfile.TemporaryFile() as file:
        file.truncate(NOTES_BYTES)
        return Notes(file.fileno())


@pytest.fixture
def watch() -> Iterator[Stalls]:
    """One that has begun."""
    watch = Stalls()
    watch.start()
    yield watch
    watch.stop()


def test_time_in_which_nobody_ran_is_not_counted(notes: Notes) -> None:
    """As far as it is after the moment that is asked for; a look that is a little late is none."""
    hand = HandClock()
    watch, began = Stalls(hand.clock.now), hand.seconds
    watch._notes = notes
    notes.begin(began)
    for late_s in (0.0, 0.1, 2.0, 0.0):
        hand.advance(LOOK_S + late_s)
        notes.look(hand.seconds)
    took = 4 * LOOK_S + 2.1
    lost = LOOK_S + 2.0
    assert abs(watch.lost_s(began) - lost) < 1e-6
    assert abs(watch.ran_s(began) - (took - lost)) < 1e-6
    # Half a second before it went on.
    assert abs(watch.lost_s(hand.seconds - LOOK_S - 0.5) - 0.5) < 1e-6
    assert watch.lost_s(hand.seconds) == 0.0


def test_the_newest_holes_are_known(notes: Notes) -> None:
    """There is room for no more."""
    notes.begin(0)
    for second in range(1, MOST + 3):
        notes.look(second)
    assert list(notes.holes()) == [(second, second + 1) for second in range(2, MOST + 2)]


async def test_the_clock_is_looked_at_again_and_again(watch: Stalls) -> None:
    """From the start to the stop, after which what was seen is still known."""
    assert watch._notes is not None
    first, began = watch._notes.looked, time.monotonic()
    await eventually(lambda: watch._notes and watch._notes.looked > first, "a look")
    watch.stop()
    assert watch.ran_s(began) >= 0


def test_a_process_that_keeps_all_to_itself_is_no_hole(watch: Stalls) -> None:
    """No thread of it has a turn meanwhile. Five times in a row, a machine does not stand still."""

    def kept_s() -> float:
        began = time.monotonic()
        # `PyDLL` does not give the interpreter away.
        ctypes.PyDLL(None).usleep(int(1e6 * LONG_S))
        return watch.lost_s(began)

    assert 0.0 in (kept_s() for _ in range(5))


async def test_a_watcher_that_has_no_turn_is_a_hole(watch: Stalls) -> None:
    """Known as soon as somebody asks who has one."""
    began, seen, process = time.monotonic(), watch._notes, watch._watcher
    assert seen is not None
    assert process is not None
    await eventually(lambda: seen.looked > began, "a look")
    os.kill(process.pid, signal.SIGSTOP)
    await eventually(lambda: is_hole(seen.looked, time.monotonic() - 0.1), "time passes")
    os.kill(process.pid, signal.SIGCONT)
    assert watch.lost_s(began) > LOOK_S + WORTH_S


def test_a_watcher_that_is_gone_has_seen_nothing(watch: Stalls) -> None:
    """A test that fails then has failed."""
    assert watch._watcher is not None
    watch._watcher.kill()
    watch._watcher.wait(60)
    assert watch.lost_s(time.monotonic() - 10) == 0.0


KILLED = """
import os, signal
from tests.stalls import stalls
stalls.start()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_watcher_ends_with_its_parent() -> None:
    """Also with one that is killed: nobody has the parent's pipe open any more."""
    command = [sys.executable, "-c", KILLED]
    # Returns when nobody can write any more, and the watcher could.
    done = subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, b"")
