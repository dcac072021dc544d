"""Rights, as the outcome of a look at credentials."""

from __future__ import annotations

from tapecast.api.grant import EVERYTHING, Grant


def test_only_a_list_of_symbols_bars_any() -> None:
    """No list is all symbols, an empty one none."""
    assert not EVERYTHING.bars("AAPL")
    assert not Grant(symbols=frozenset({"AAPL"})).bars("AAPL")
    assert Grant(symbols=frozenset({"AAPL"})).bars("MSFT")
    assert Grant(symbols=frozenset()).bars("AAPL")
