"""What waits is the newest of each key, and leaves in the order of first change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tapecast.conflation import drain

PUTS = st.lists(st.tuples(st.sampled_from("ABCDE"), st.integers()))


def test_a_limit_takes_those_that_waited_longest() -> None:
    """The rest stays, in its order."""
    waiting = {"A": 1, "B": 2, "C": 3}
    assert drain(waiting, 2) == [1, 2]
    assert waiting == {"C": 3}


def test_a_limit_of_zero_or_less_takes_nothing() -> None:
    """A client with no room loses nothing."""
    waiting = {"A": 1}
    assert drain(waiting, 0) == drain(waiting, -1) == []
    assert waiting == {"A": 1}


def test_a_key_that_changes_after_its_drain_waits_behind_the_others() -> None:
    """A drained key has had its turn; one that still waits keeps its place."""
    waiting = {"A": 1, "B": 2}
    drain(waiting, 1)
    waiting["A"], waiting["B"] = 3, 4
    assert drain(waiting) == [4, 3]


@given(PUTS, st.integers(1, 4))
def test_any_order_of_drains_hands_out_each_newest_value_once(
    puts: list[tuple[str, int]], limit: int
) -> None:
    """Draining by pieces equals draining at once, and both are the newest of each key by first change."""
    waiting = dict(puts)
    pieces: list[int] = []
    while waiting:
        pieces += drain(waiting, limit)
    assert pieces == list(dict(puts).values())
