"""Minute bars on the stream: asked for last, and given up first."""

from __future__ import annotations

import pytest

from tapecast.feeds.alpaca.subscriptions import Request, Subscriptions
from tests.feeds.alpaca.test_subscriptions import Plan, settle

BARS = ("bars", "updatedBars")


def plan(pairs: int = 10**6) -> Plan:
    """A venue that has bars."""
    venue = Plan(pairs=pairs)
    venue.channels |= {channel: set() for channel in BARS}
    return venue


def wanting(*symbols: str, bars: tuple[str, ...]) -> Subscriptions:
    """A reconciler that wants these, and bars of some."""
    subscriptions = Subscriptions(10**6, ("trades", "quotes"))
    subscriptions.want(symbols)
    assert subscriptions.want_bars(bars)
    return subscriptions


def test_bars_of_those_that_are_wanted() -> None:
    """After trades and quotes; both channels; and they go when nobody wants them."""
    venue, subscriptions = plan(), wanting("A", "B", "C", bars=("B", "X"))
    settle(subscriptions, venue)
    everything = {"A", "B", "C"}
    bars = {channel: {"B"} for channel in BARS}
    assert venue.channels == {"trades": everything, "quotes": everything} | bars
    assert [request.channel for request in venue.heard] == ["trades", "quotes", *BARS]
    assert not subscriptions.want_bars({"B", "X"}), "no change"
    assert subscriptions.want_bars(())
    settle(subscriptions, venue)
    assert not venue.channels["bars"]
    assert not venue.channels["updatedBars"]
    assert subscriptions.confirmed == {"A", "B", "C"}


def test_a_symbol_that_leaves_takes_its_bars_along() -> None:
    """As with quotes."""
    venue, subscriptions = plan(), wanting("A", "B", bars=("A", "B"))
    settle(subscriptions, venue)
    subscriptions.want(["B"])
    settle(subscriptions, venue)
    assert set(map(frozenset, venue.channels.values())) == {frozenset({"B"})}


@pytest.mark.parametrize("code", [400, 405, 410])
def test_a_refusal_of_bars_gives_them_up(code: int) -> None:
    """For the session; trades and quotes stay as they are, and no symbol is refused."""
    venue, subscriptions = Plan(), wanting("A", "B", bars=("A", "B"))
    for _ in range(2):
        request = subscriptions.ask()
        assert request is not None
        venue.receive(request, subscriptions)
    request = subscriptions.ask()
    assert request == Request("subscribe", "bars", ("A", "B"))
    assert subscriptions.failed(code)
    assert subscriptions.ask() is None
    assert subscriptions.refused == {}
    subscriptions.reset()
    venue = plan()
    settle(subscriptions, venue)
    assert venue.channels["bars"] == {"A", "B"}, "a new session tries again"


def test_bars_that_are_accepted_and_not_confirmed_are_given_up() -> None:
    """Asking again and again would never end."""
    venue, subscriptions = Plan(), wanting("A", bars=("A",))
    for _ in range(2):
        request = subscriptions.ask()
        assert request is not None
        venue.receive(request, subscriptions)
    assert subscriptions.ask() is not None
    subscriptions.answered({"trades": ["A"], "quotes": ["A"], "bars": []})
    assert subscriptions.ask() is None


@pytest.mark.parametrize("pairs", range(4, 17))
def test_bars_give_way_to_symbols_and_quotes(pairs: int) -> None:
    """However small a plan: nothing is refused for their sake."""
    symbols = ("A", "B", "C", "D")
    with_bars, without = plan(pairs=pairs), plan(pairs=pairs)
    settle(wanting(*symbols, bars=symbols), with_bars)
    plain = Subscriptions(10**6, ("trades", "quotes"))
    plain.want(symbols)
    settle(plain, without)
    assert with_bars.channels["trades"] == without.channels["trades"]
    assert len(with_bars.channels["quotes"]) == len(without.channels["quotes"])


def test_a_newcomer_takes_the_room_of_bars() -> None:
    """They are given up when a symbol does not fit."""
    venue, subscriptions = plan(pairs=8), wanting("A", "B", bars=("A", "B"))
    settle(subscriptions, venue)
    assert venue.channels["bars"] == {"A", "B"}
    subscriptions.want(["A", "B", "C"])
    settle(subscriptions, venue)
    assert venue.channels["trades"] == {"A", "B", "C"}
    assert not venue.channels["bars"]
    assert subscriptions.refused == {}
