"""A position at the newer of two prices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tapecast.api.account.holding import Holding, micros, sight
from tapecast.api.topic import Topic
from tapecast.bus.codec import Fields
from tapecast.market import SymbolState
from tests.api.account.support import AS_OF, LONG, numbers
from tests.api.support import Bench, tick
from tests.support import START_WALL

NOW_US = int(START_WALL * 1_000_000)
BASE = numbers(LONG)


def topic(*ticks: bytes) -> Topic:
    """AAPL, with these ticks of a live feed."""
    bench = Bench()
    bench.beat()
    bench.listen("AAPL")
    for each in ticks:
        bench.hub.on_tick("AAPL", each)
    found = bench.hub.topic("AAPL")
    assert found is not None
    return found


def traded(price: float = 160.1, timestamp: str = AS_OF, **more: Any) -> Topic:
    """AAPL, with a trade of this time."""
    return topic(tick("AAPL", 1, price, timestamp=timestamp, **more))


def holding(known: Topic | None = None, base: Fields = BASE, as_of: str = AS_OF) -> Holding:
    """The position as Alpaca gave it then, and what is known of its symbol."""
    return Holding(base, sight(str(base["symbol"]), known), as_of)


def test_without_a_price_it_is_alpacas() -> None:
    """With its age, and pending."""
    payload = holding().payload(NOW_US + 5_000_000)
    assert payload == BASE | {"state": SymbolState.PENDING, "price_age_ms": 5000, "as_of": AS_OF}
    assert holding(topic()).payload(NOW_US) == holding().payload(NOW_US)


def test_a_newer_trade_prices_it() -> None:
    """Its age is that of the trade."""
    held = holding(traded(timestamp="2023-11-14T22:13:21.5Z"))
    payload = held.payload(NOW_US + 2_000_000)
    assert (payload["market_value"], payload["unrealized_pl"]) == (Decimal("1601.0"), Decimal("100.0"))
    assert (payload["state"], payload["price_age_ms"]) == (SymbolState.LIVE, 500)
    assert "as_of" not in payload
    assert held.is_current


def test_an_older_trade_does_not() -> None:
    """Of a quiet symbol Alpaca may know a newer one, of another exchange."""
    payload = holding(traded(timestamp="2023-11-14T22:10:00Z")).payload(NOW_US)
    assert (payload["market_value"], payload["as_of"]) == (Decimal(1600), AS_OF)
    assert payload["state"] == SymbolState.LIVE


def test_a_trade_just_before_the_answer_may_have_been_missed_by_it() -> None:
    """Alpaca's figures are some tenths of a second old when they come."""
    assert holding(traded(timestamp="2023-11-14T22:13:19.5Z")).fields["current_price"] == Decimal("160.1")


def test_a_trade_of_no_known_time_is_as_old_as_we_know_it() -> None:
    """Or is taken for new, if nothing tells."""
    assert holding(topic(tick("AAPL", 1, 160.1, ts_recv=NOW_US))).payload(NOW_US + 7000)["price_age_ms"] == 7
    assert holding(topic(tick("AAPL", 1, 160.1, ts_recv=NOW_US - 5_000_000))).as_of == AS_OF
    payload = holding(topic(tick("AAPL", 1, 160.1))).payload(NOW_US)
    assert payload["current_price"] == Decimal("160.1")
    assert "price_age_ms" not in payload


def test_a_quote_changes_nothing() -> None:
    """Only a trade, or what may be believed of it."""
    one = topic(tick("AAPL", 1, 160.1, timestamp=AS_OF, ts_recv=1))
    two = topic(tick("AAPL", 2, 160.1, timestamp=AS_OF, ts_recv=2, bid=160.0))
    assert sight("AAPL", one) == sight("AAPL", two) != sight("AAPL", topic())


@pytest.mark.parametrize("symbol", ["not a symbol", "", "None"])
def test_an_asset_of_no_feed_says_so(symbol: str) -> None:
    """Its profit is of when Alpaca was asked, and no price will come."""
    held = holding(None, BASE | {"symbol": symbol})
    assert (held.fields["state"], held.fields["reason"]) == (SymbolState.REFUSED, "symbol_invalid")
    assert not held.is_current


@pytest.mark.parametrize("price", [b'"NaN"', b'"x"', b"null", b"1e400", b"true"])
def test_a_tick_that_prices_nothing_leaves_alpacas_figure(price: bytes) -> None:
    """What a foreign program writes under our name."""
    made_up = b'{"symbol":"AAPL","epoch":7,"seq":1,"price":' + price + b"}"
    assert holding(topic(made_up)).fields["market_value"] == Decimal("1600.00")


def test_a_position_without_a_quantity_has_alpacas_age() -> None:
    """No price changes its figures, so none makes them younger."""
    held = holding(traded(timestamp="2023-11-14T22:13:21.5Z"), BASE | {"qty": "n/a"})
    assert held.payload(NOW_US)["as_of"] == AS_OF
    assert (held.fields["state"], held.fields["reason"]) == ("stale", "quantity_unknown")


def test_what_is_multiplied_by_another_number_keeps_alpacas_figures() -> None:
    """A future of fifty looks like a share: a live tick would make wrong money of it."""
    future = BASE | {"asset_class": "us_future", "market_value": Decimal(80_000)}
    held = holding(traded(timestamp="2023-11-14T22:13:21.5Z"), future)
    assert (held.fields["market_value"], held.as_of) == (Decimal(80_000), AS_OF)
    assert (held.fields["state"], held.fields["reason"]) == ("stale", "multiplier_unknown")
    assert not held.is_current
    assert holding(None, future).fields["state"] == SymbolState.PENDING


def test_times_that_make_no_sense_are_none() -> None:
    """They come from outside."""
    assert micros("yesterday") == micros("") == micros(0) == 0
    assert micros(AS_OF) == NOW_US
