"""The two clocks."""

from __future__ import annotations

from tapecast.api.clock import Clock


def test_wall_time_is_told_in_the_units_of_the_contract() -> None:
    """Clients read microseconds, and people RFC 3339."""
    clock = Clock(now=lambda: 5.0, wall=lambda: 1_700_000_000.25)
    assert clock.server_time() == 1_700_000_000_250_000
    assert clock.since() == "2023-11-14T22:13:20.250Z"


def test_the_default_clocks_are_the_machines_own() -> None:
    """Deadlines count monotonic seconds, which never go back."""
    clock = Clock()
    assert clock.now() <= clock.now()
    assert clock.server_time() > 1_700_000_000_000_000
