"""Watchlists: as different as the rows of the table say, and the same in every run."""

from __future__ import annotations

from collections import Counter

from benchmarks.watchlists import SYMBOLS, watchlists


def test_all_lists_differ() -> None:
    """`all distinct` in the table means so, up to the most clients that are tried."""
    lists = watchlists(9000, 20)
    assert len(set(lists)) == 9000
    assert {len(set(symbols)) for symbols in lists} == {20}


def test_lists_repeat_where_there_are_not_enough() -> None:
    """A hundred symbols make a hundred lists of one, and no more."""
    lists = watchlists(500, 1)
    assert len(lists) == 500
    assert set(lists) <= {(symbol,) for symbol in SYMBOLS}


def test_every_server_gets_the_same_lists() -> None:
    """The same seed, the same lists."""
    assert watchlists(50, 20) == watchlists(50, 20)
    assert watchlists(50, 20) != watchlists(50, 20, seed=2)


def test_few_symbols_have_most_listeners() -> None:
    """The first is in nearly every list, the last in few."""
    listeners = Counter(symbol for symbols in watchlists(1000, 20) for symbol in symbols)
    assert listeners[SYMBOLS[0]] > 900
    assert listeners[SYMBOLS[-1]] < 200
