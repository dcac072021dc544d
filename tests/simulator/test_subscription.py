"""The set of a session, its cap, and the faults that it meets."""

from __future__ import annotations

import pytest

from tapecast.market import Market, parse_rfc3339
from tapecast.simulator.faults import Faults
from tapecast.simulator.ledger import Event
from tapecast.simulator.market import SimulatedMarket
from tapecast.simulator.subscription import Refused, Subscription

NOW = parse_rfc3339("2026-11-20T15:00:00Z")
CONTRACT = "AAPL270115C00300000"
LISTED = frozenset({"AAPL", "MSFT", "SPY"})


def stocks(limit: int = 3, faults: Faults | None = None) -> Subscription:
    """A subscription to stocks, of which three are listed."""
    return Subscription(Market.US_EQUITY, limit, faults or Faults(), LISTED)


def subscribe(subscription: Subscription, **lists: list[str]) -> dict[str, object]:
    """Add symbols; the confirmation."""
    subscription.change("subscribe", lists)
    return subscription.message()


def refusal(subscription: Subscription, **lists: object) -> int:
    """The code that refuses to add these."""
    before = subscription.message()
    with pytest.raises(Refused) as refused:
        subscription.change("subscribe", lists)
    assert subscription.message() == before
    return refused.value.code


def events(*symbols: str) -> list[Event]:
    """A trade and a quote of each."""
    return SimulatedMarket().advance(symbols, NOW)


def test_star_is_everything() -> None:
    """It is confirmed as it was asked, every listed symbol moves, and any symbol's trades are wanted."""
    subscription = stocks()
    confirmed = subscribe(subscription, trades=["*"])
    assert confirmed["trades"] == confirmed["corrections"] == ["*"]
    assert subscription.trades == {"*"}
    assert subscription.moving == subscription.audible == LISTED
    trade, quote = events("TSLA")
    assert subscription.wants(trade)
    assert not subscription.wants(quote)


def test_star_counts_as_all_that_are_listed() -> None:
    """405 where the plan has fewer, and one symbol more than that is not one too many."""
    assert refusal(stocks(limit=2), trades=["*"]) == 405
    roomy = stocks(limit=3)
    subscribe(roomy, trades=["*", "AAPL"], quotes=["MSFT"])
    assert refusal(roomy, trades=["TSLA"]) == 405


def test_star_can_be_taken_back() -> None:
    """What was named besides stays."""
    subscription = stocks()
    subscribe(subscription, trades=["*", "AAPL"])
    subscription.change("unsubscribe", {"trades": ["*"]})
    assert subscription.trades == subscription.moving == {"AAPL"}


def options() -> Subscription:
    """A subscription to options."""
    return Subscription(Market.US_OPTION, 1_000_000, Faults(), frozenset())


def test_options_have_trades_and_quotes() -> None:
    """Nothing else, and no corrections."""
    assert subscribe(options(), trades=[CONTRACT], quotes=[CONTRACT]) == {
        "T": "subscription",
        "trades": [CONTRACT],
        "quotes": [CONTRACT],
    }
    assert refusal(options(), bars=[CONTRACT]) == 410
    assert refusal(options(), trades=["AAPL"]) == 400


def test_there_is_no_star_among_options() -> None:
    """413 for quotes; the trades of all contracts are more than any plan has."""
    assert refusal(options(), quotes=["*"]) == 413
    assert refusal(options(), trades=["*"]) == 405


def test_a_refused_symbol_refuses_its_message() -> None:
    """Whole, with the code of that symbol; without it the message is good."""
    subscription = stocks(faults=Faults(refused={"TSLA": 409}))
    assert refusal(subscription, trades=["AAPL", "TSLA"]) == 409
    assert refusal(subscription, quotes=["TSLA"]) == 409
    assert subscribe(subscription, trades=["AAPL"])["trades"] == ["AAPL"]


def test_an_unconfirmed_symbol_is_left_out() -> None:
    """No error, no place in the set, no data."""
    subscription = stocks(faults=Faults(unconfirmed={"TSLA"}))
    assert subscribe(subscription, trades=["TSLA", "AAPL"])["trades"] == ["AAPL"]
    assert subscription.moving == {"AAPL"}


def test_one_may_fall_out_later() -> None:
    """Of every further confirmation."""
    faults = Faults()
    subscription = stocks(faults=faults)
    subscribe(subscription, trades=["TSLA", "AAPL"])
    faults.unconfirmed.add("TSLA")
    assert subscription.message()["trades"] == ["AAPL"]


def test_a_muted_symbol_is_subscribed_and_not_wanted() -> None:
    """Neither its trades nor its quotes, until it is subscribed anew."""
    faults = Faults(muted={"AAPL"})
    subscription = stocks(faults=faults)
    asked = {"trades": ["AAPL", "MSFT"], "quotes": ["AAPL", "MSFT"]}
    assert subscribe(subscription, **asked)["trades"] == ["AAPL", "MSFT"]
    assert not any(map(subscription.wants, events("AAPL")))
    assert all(map(subscription.wants, events("MSFT")))
    assert subscription.audible == {"MSFT"}
    subscription.change("unsubscribe", {"trades": ["AAPL"], "quotes": ["AAPL"]})
    subscribe(subscription, trades=["AAPL"])
    assert [subscription.wants(each) for each in events("AAPL")] == [True, False]


def test_a_channel_more_is_no_new_subscription() -> None:
    """A muted symbol of which one channel stays is still the old one."""
    faults = Faults(muted={"AAPL"})
    subscription = stocks(faults=faults)
    subscribe(subscription, trades=["AAPL"], quotes=["AAPL"])
    subscription.change("unsubscribe", {"quotes": ["AAPL"]})
    subscribe(subscription, quotes=["AAPL"])
    assert faults.muted == {"AAPL"}
