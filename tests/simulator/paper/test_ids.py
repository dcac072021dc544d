"""Names for orders and events."""

from __future__ import annotations

from tapecast.simulator.paper.ids import Ids, asset_id
from tapecast.simulator.symbols import LISTED


def test_asset_ids_are_stable_and_differ() -> None:
    """One for each spelling, the same in each run."""
    assert len({asset_id(symbol) for symbol in LISTED}) == len(LISTED)
    assert asset_id("AAPL") == asset_id("AAPL")
    assert asset_id("BTCUSD") != asset_id("BTC/USD")


def test_a_seed_gives_the_same_names() -> None:
    """And another seed others."""
    assert Ids(1).uuid() == Ids(1).uuid() != Ids(2).uuid()


def test_event_ids_sort_as_the_events_came() -> None:
    """Also those of one millisecond, and those after a clock that went back."""
    ids = Ids(1)
    drawn = [ids.ulid(now) for now in (5_000_000_000, 5_000_000_000, 4_000_000_000, 6_000_000_000)]
    assert drawn == sorted(set(drawn))
    assert {len(each) for each in drawn} == {26}
