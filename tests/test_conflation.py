"""A conflating map holds the newest value of each key, and serves keys in the order of their first change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tapecast.conflation import Conflated

PUTS = st.lists(st.tuples(st.sampled_from("ABCDE"), st.integers()))


def filled(*pairs: tuple[str, int]) -> Conflated[str, int]:
    """A map into which these pairs were put, in order."""
    conflated: Conflated[str, int] = Conflated()
    for key, value in pairs:
        conflated.put(key, value)
    return conflated


def test_the_newest_value_of_a_key_wins() -> None:
    """What was overwritten is gone, and counted as folded."""
    conflated = filled(("A", 1), ("A", 2), ("A", 3))
    assert conflated.drain() == [("A", 3)]
    assert conflated.folded == 2


def test_a_busy_key_does_not_fall_behind() -> None:
    """A key keeps the place of its first change, however often it changes after."""
    assert filled(("A", 1), ("B", 2), ("A", 3)).drain() == [("A", 3), ("B", 2)]


def test_a_drained_map_is_empty() -> None:
    """Nothing is handed out twice."""
    conflated = filled(("A", 1))
    conflated.drain()
    assert conflated.drain() == []
    assert len(conflated) == 0
    assert "A" not in conflated


def test_a_limit_takes_those_that_waited_longest() -> None:
    """The rest stays, in its order."""
    conflated = filled(("A", 1), ("B", 2), ("C", 3))
    assert conflated.drain(2) == [("A", 1), ("B", 2)]
    assert "C" in conflated
    assert conflated.drain(2) == [("C", 3)]


def test_a_limit_of_zero_takes_nothing() -> None:
    """A client with no room loses nothing."""
    conflated = filled(("A", 1))
    assert conflated.drain(0) == []
    assert len(conflated) == 1


def test_a_key_that_changes_after_its_drain_waits_behind_the_others() -> None:
    """A drained key has had its turn."""
    conflated = filled(("A", 1), ("B", 2))
    conflated.drain(1)
    conflated.put("A", 3)
    assert conflated.drain() == [("B", 2), ("A", 3)]


def test_dropping_forgets_only_that_key() -> None:
    """Dropping a key that does not wait changes nothing."""
    conflated = filled(("A", 1), ("B", 2))
    conflated.drop("A")
    conflated.drop("Z")
    assert conflated.drain() == [("B", 2)]


@given(PUTS, st.integers(1, 4))
def test_any_order_of_drains_hands_out_each_newest_value_once(
    puts: list[tuple[str, int]], limit: int
) -> None:
    """Draining by pieces equals draining at once, and both are the newest of each key by first change."""
    conflated = filled(*puts)
    pieces: list[tuple[str, int]] = []
    while len(conflated):
        piece = conflated.drain(limit)
        assert 0 < len(piece) <= limit
        pieces += piece
    assert pieces == list(dict(puts).items())
    assert conflated.folded == len(puts) - len(pieces)
