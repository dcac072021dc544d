"""Who gets the symbols that are asked for, where there is little room."""

from __future__ import annotations

import pytest

from tapecast.api import topics
from tapecast.api.markets import Markets
from tapecast.api.room import RETRY_AFTER_S, admit
from tapecast.api.symbols import refusal
from tapecast.api.topics import Topics
from tapecast.errors import ClientError
from tests.support import HandClock


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Topics:
    """Room for five, three of them for any one address; AAPL is there."""
    monkeypatch.setattr(topics, "MOST", 5)
    monkeypatch.setattr(topics, "MOST_EACH", 3)
    clock = HandClock().clock
    shelf = Topics(5, Markets(clock), clock)
    shelf.open("AAPL")
    return shelf


def test_where_there_is_room_all_is_served(shelf: Topics) -> None:
    """And what was refused for another reason still is."""
    asked = (("AAPL", "A1", "A2", "A3"), (refusal("a$", "symbol_invalid"),))
    assert admit(asked, shelf, "192.0.2.1") == asked


def test_beyond_its_share_a_client_is_refused_in_band(shelf: Topics) -> None:
    """What others follow is free, and somebody without an address of its own has no share."""
    symbols, refused = admit((("A1", "A2", "AAPL", "A3", "A4"), ()), shelf, "192.0.2.1")
    assert symbols == ("A1", "A2", "AAPL", "A3")
    assert refused == (refusal("A4", "too_many_symbols"),)
    assert admit((("A1", "A2", "A3", "A4"), ()), shelf, "")[1] == ()


def test_of_a_full_process_one_hears_that_it_is_full_for_now(shelf: Topics) -> None:
    """A page comes back from that by itself; who brings nothing new is served."""
    for name in ("A1", "A2", "A3", "A4"):
        shelf.open(name)
    with pytest.raises(ClientError) as refused:
        admit((("AAPL", "NVDA"), ()), shelf, "192.0.2.1")
    assert (refused.value.status, refused.value.code) == (503, "too_many_symbols")
    assert refused.value.retry_after == RETRY_AFTER_S
    assert admit((("AAPL", "A1"), ()), shelf, "192.0.2.1") == (("AAPL", "A1"), ())
