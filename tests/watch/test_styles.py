"""Colour says nothing that a word or a sign does not say, too."""

from __future__ import annotations

import pytest

from tapecast.client import SymbolState
from tapecast.watch import styles
from tapecast.watch.badge import Word


@pytest.mark.parametrize("state", SymbolState)
def test_each_state_has_a_word(state: SymbolState) -> None:
    """Loud where the price is none of now."""
    told = str(styles.state(state))
    assert told.lower() == state
    assert told.isupper() == (state in {"stale", "refused"})


@pytest.mark.parametrize("word", Word)
def test_each_word_has_a_colour(word: Word) -> None:
    """That is legible: a dark letter on a light ground or the reverse."""
    assert " on " in styles.WORDS[word]


def test_what_is_not_of_now_has_no_colour() -> None:
    """Green would say that it rises."""
    assert styles.move("+1.00", 1.0, is_current=True).style == "green"
    assert styles.move("-1.00", -1.0, is_current=True).style == "red"
    assert styles.move("+1.00", 1.0, is_current=False).style == "dim"
    assert styles.plain("1.00", is_current=False, style="bold").style == "dim"
