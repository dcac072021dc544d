"""A quiet symbol is not a silent one."""

from __future__ import annotations

from tapecast.feeds.alpaca.seen import Seen
from tapecast.market import Snapshot, Trade

SECOND = 1_000_000_000
NOW = 1_760_000_000 * SECOND


def at(symbol: str, seconds: float) -> Snapshot:
    """REST's word on the newest trade."""
    trade = Trade(symbol, 1.0, 1.0, NOW + int(seconds * SECOND), 1)
    return Snapshot(symbol, trade, None, None, None)


def seen(*symbols: str) -> Seen:
    """These are confirmed, and their seeds say that they traded just now."""
    one = Seen()
    one.confirm(frozenset(symbols))
    for symbol in symbols:
        one.on_snapshot(at(symbol, 0))
    return one


def test_what_was_traded_before_we_came_is_not_missed() -> None:
    """A symbol that has not traded since it was seeded is quiet."""
    assert seen("AAPL").lagging([at("AAPL", 0)], 15) == []


def test_without_a_seed_the_first_that_is_heard_of_is_the_measure() -> None:
    """REST may have been down when the session began."""
    one = Seen()
    one.confirm(frozenset({"AAPL"}))
    assert one.lagging([at("AAPL", 3600)], 15) == []
    one.on_snapshot(at("AAPL", 3600))
    assert one.lagging([at("AAPL", 3616)], 15) == ["AAPL"]


def test_a_delayed_feed_is_measured_by_itself() -> None:
    """A quarter of an hour behind our clock, a missed trade is still a missed one."""
    one = Seen()
    one.confirm(frozenset({"AAPL"}))
    one.on_snapshot(at("AAPL", -900))
    assert one.lagging([at("AAPL", -880)], 15) == ["AAPL"]


def test_the_newest_of_all_is_known() -> None:
    """By stream or by REST; nothing of what is not confirmed."""
    one = seen("AAPL", "MSFT")
    one.on_trade("MSFT", NOW + 5 * SECOND)
    one.on_trade("TSLA", NOW + 9 * SECOND)
    assert one.newest_ns == NOW + 5 * SECOND
    assert Seen().newest_ns == 0


def test_a_trade_that_never_came_is_missed() -> None:
    """Only when it is later than ours by more than the lag."""
    one = seen("AAPL", "MSFT")
    one.on_trade("MSFT", NOW + 10 * SECOND)
    assert one.lagging([at("AAPL", 16), at("MSFT", 16)], 15) == ["AAPL"]
    assert one.lagging([at("AAPL", 15), at("MSFT", 25.1)], 15) == ["MSFT"]


def test_a_late_trade_takes_nothing_back() -> None:
    """The newest counts, in whatever order they come."""
    one = seen("AAPL", "MSFT")
    for seconds in (10, 5):
        one.on_trade("AAPL", NOW + seconds * SECOND)
    assert one.lagging([at("AAPL", 25), at("MSFT", 25)], 15) == ["MSFT"]


def test_a_new_confirmation_forgets_nothing_of_who_stays() -> None:
    """Who left and comes back starts anew."""
    one = seen("AAPL", "MSFT")
    one.on_trade("AAPL", NOW + 10 * SECOND)
    stays = one.known["AAPL"]
    one.confirm(frozenset({"AAPL"}))
    assert one.known["AAPL"] is stays
    one.confirm(frozenset({"MSFT"}))
    one.confirm(frozenset({"AAPL", "MSFT"}))
    assert one.known["AAPL"].newest_ns == 0


def test_what_rest_told_is_known() -> None:
    """Each gap is found once."""
    one = seen("AAPL")
    one.on_snapshot(at("AAPL", 100))
    assert one.lagging([at("AAPL", 110)], 15) == []
    one.on_snapshot(Snapshot("AAPL", None, None, None, None))
    assert one.lagging([Snapshot("AAPL", None, None, None, None)], 15) == []


def test_a_late_print_takes_nothing_back() -> None:
    """The newest stays the newest."""
    one = seen("AAPL")
    one.on_trade("AAPL", NOW + 20 * SECOND)
    one.on_trade("AAPL", NOW + 1 * SECOND)
    assert one.lagging([at("AAPL", 30)], 15) == []


def test_only_confirmed_symbols_count() -> None:
    """One that left, and one that never was."""
    one = seen("AAPL", "MSFT")
    one.confirm(frozenset({"AAPL"}))
    one.on_trade("MSFT", NOW)
    assert one.symbols == ["AAPL"]
    assert one.lagging([at("MSFT", 100), at("TSLA", 100)], 15) == []


def test_confirming_again_forgets_nothing() -> None:
    """The venue repeats its whole set at every change."""
    one = seen("AAPL")
    one.on_trade("AAPL", NOW + 50 * SECOND)
    one.confirm(frozenset({"AAPL", "MSFT"}))
    assert one.lagging([at("AAPL", 60)], 15) == []
