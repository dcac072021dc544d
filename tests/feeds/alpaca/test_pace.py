"""The pace of REST calls, on a clock that only tests move."""

from __future__ import annotations

from tapecast.feeds.alpaca.pace import Pace


class Clock:
    """A clock that stands."""

    now = 50.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_then_one_a_second() -> None:
    """Three go at once, each further one a second after the one before."""
    pace = Pace(1.0, 3, Clock())
    assert [pace.reserve() for _ in range(6)] == [0, 0, 0, 1, 2, 3]


def test_idle_time_refills_the_burst_and_no_more() -> None:
    """After a long rest there is one burst, not two."""
    clock = Clock()
    pace = Pace(1.0, 3, clock)
    for _ in range(3):
        pace.reserve()
    clock.now += 1000
    assert [pace.reserve() for _ in range(4)] == [0, 0, 0, 1]


def test_a_steady_caller_never_waits() -> None:
    """One call a second is free."""
    clock = Clock()
    pace = Pace(1.0, 1, clock)
    for _ in range(5):
        assert pace.reserve() == 0
        clock.now += 1


async def test_waiting_within_the_burst_returns() -> None:
    """A caller within the burst goes at once."""
    await Pace(0.001, 1).wait()
