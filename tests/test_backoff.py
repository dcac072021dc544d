"""Delays grow to their cap, and no two processes wait alike."""

from __future__ import annotations

import random
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from tapecast.backoff import GROWTH, backoff, jittered


class Highest(random.Random):
    """Always draws the upper end."""

    def uniform(self, a: float, b: float) -> float:
        """The upper end."""
        del a
        return b


class Lowest(random.Random):
    """Always draws the lower end."""

    def uniform(self, a: float, b: float) -> float:
        """The lower end."""
        del b
        return a


def test_delays_grow_by_the_growth_to_the_cap() -> None:
    """Without luck the delays are first, first x growth, and so on, and then the cap for ever."""
    delays = list(islice(backoff(1.0, 4.0, Highest()), 6))
    assert delays == [1.0, GROWTH, GROWTH**2, 4.0, 4.0, 4.0]


def test_a_delay_is_never_below_half_of_its_nominal_value() -> None:
    """The luckiest process still waits half, so none comes back at once."""
    assert list(islice(backoff(1.0, 2.0, Lowest()), 4)) == [0.5, GROWTH / 2, 1.0, 1.0]


def test_two_processes_do_not_wait_alike() -> None:
    """Each draws its own jitter, so those that failed together do not come back together."""
    one, other = (list(islice(backoff(1.0, 60.0, random.Random(seed)), 8)) for seed in (1, 2))
    assert all(a != b for a, b in zip(one, other, strict=True))


@given(first=st.floats(0.001, 100), cap=st.floats(0.001, 100), seed=st.integers())
def test_no_delay_is_above_the_cap(first: float, cap: float, seed: int) -> None:
    """Whatever the first delay is, the cap holds from the first one on."""
    for delay in islice(backoff(first, cap, random.Random(seed)), 30):
        assert 0 < delay <= cap


@given(low=st.floats(0, 10), width=st.floats(0, 10), seed=st.integers())
def test_jittered_stays_between_its_ends(low: float, width: float, seed: int) -> None:
    """One delay is drawn from the closed range."""
    assert low <= jittered(low, low + width, random.Random(seed)) <= low + width


def test_jittered_draws_from_its_generator() -> None:
    """The same generator gives the same delay, another one another."""
    assert jittered(15, 30, random.Random(1)) == jittered(15, 30, random.Random(1))
    assert jittered(15, 30, random.Random(1)) != jittered(15, 30, random.Random(2))
