"""The two clocks."""

from __future__ import annotations

import pytest

from tapecast.clock import Clock


def test_wall_time_is_told_in_the_units_of_the_contract() -> None:
    """Clients read microseconds, and people RFC 3339."""
    clock = Clock(now=lambda: 5.0, wall=lambda: 1_700_000_000.25)
    assert clock.micros() == 1_700_000_000_250_000
    assert clock.iso() == "2023-11-14T22:13:20.250Z"


@pytest.mark.parametrize(
    ("now_s", "text"), [(0.0, "1970-01-01T00:00:00.000Z"), (1_700_000_000.25, "2023-11-14T22:13:20.250Z")]
)
def test_times_for_people_have_milliseconds(now_s: float, text: str) -> None:
    """Always three digits, always UTC."""
    assert Clock(wall=lambda: now_s).iso() == text


def test_the_default_clocks_are_the_machines_own() -> None:
    """Deadlines count monotonic seconds, which never go back."""
    clock = Clock()
    assert clock.now() <= clock.now()
    assert clock.micros() > 1_700_000_000_000_000
