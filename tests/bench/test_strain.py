"""A tool that is late itself says so."""

from __future__ import annotations

import asyncio
import time

import pytest

from tapecast.bench.strain import Load, Strain
from tests.support import HandClock, eventually


def test_its_share_of_a_core_is_counted_from_the_begin() -> None:
    """What it did before does not matter."""
    clock, cpu = HandClock(), [50.0]
    strain = Strain(clock.clock.now, lambda: cpu[0])
    clock.advance(10)
    cpu[0] += 9
    strain.begin()
    clock.advance(10)
    cpu[0] += 2.5
    assert strain.load() == Load(0.25, 0.0, 0.0)


@pytest.mark.parametrize(
    ("load", "full", "late"),
    [
        (Load(0.84, 24.9, 300), False, False),
        (Load(0.85, 1, 2), True, False),
        (Load(0.1, 25.0, 25), False, True),
    ],
)
def test_full_and_late_are_told_apart(load: Load, *, full: bool, late: bool) -> None:
    """By its share of a core, and by when it wakes."""
    assert (load.is_full, load.is_late) == (full, late)


async def test_a_loop_that_is_held_up_is_late() -> None:
    """As by a callback that takes its time."""
    strain = Strain()
    task = asyncio.create_task(strain.watch())
    held = 0.2

    def is_late() -> bool:
        time.sleep(held)
        return strain.load().late_max_ms >= 100

    await eventually(is_late)
    task.cancel()
    assert strain.load().is_late
