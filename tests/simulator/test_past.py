"""Bars of before the simulator was started: they lead to its first price, and are always the same."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tapecast.market import Market, parse_rfc3339
from tapecast.simulator.hours import MINUTE, SECOND
from tapecast.simulator.market import SimulatedMarket
from tapecast.simulator.past import LENGTH, past
from tapecast.simulator.symbols import instrument

NOW = parse_rfc3339("2026-11-20T15:00:30Z")


@pytest.mark.parametrize("symbol", ["AAPL", "BTC/USD", "SHIB/USD", "AAPL270115C00300000"])
def test_a_past_leads_to_the_first_price(symbol: str) -> None:
    """Each minute begins where the one before ended, and its prices are whole ticks inside its range."""
    listed = instrument(symbol)
    assert listed is not None
    price = listed.price(round(listed.level * listed.scale))
    bars = past(listed, 1, NOW, price)
    assert len(bars) == LENGTH
    assert [bar.start_ns for bar in bars] == [NOW - 30 * SECOND + at * MINUTE for at in range(-LENGTH, 0)]
    assert bars[-1].close == price
    for before, bar in pairwise(bars):
        assert bar.open == before.close
    for bar in bars:
        assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert price / 3 < bar.close < price * 3
        assert bar.count > 0
        assert bar.volume > 0 or listed.market is Market.CRYPTO
    assert past(listed, 1, NOW, price) == bars
    assert past(listed, 2, NOW, price) != bars


@pytest.mark.parametrize("symbol", ["AAPL", "BTC/USD", "AAPL270115C00300000"])
def test_as_much_was_traded_as_is_now(symbol: str) -> None:
    """A chart's volume does not leap where the simulator began."""
    market, start = SimulatedMarket(), NOW - 30 * SECOND
    for second in range(601):
        market.advance([symbol], start + second * SECOND)
    live = market.ledgers[symbol].minutes.bars(start, start + 600 * SECOND, MINUTE)[:10]
    before = [bar for bar in market.bars(symbol, 0, MINUTE, start) if bar.start_ns < start]
    assert len(live) == 10
    for name in ("volume", "count"):
        now, then = (sum(getattr(bar, name) for bar in bars) / len(bars) for bars in (live, before))
        assert then / 1.5 < now < then * 1.5, name


def test_rest_has_it_when_it_is_asked_for() -> None:
    """A still market has none."""
    market, still = SimulatedMarket(), SimulatedMarket(still=True)
    for each in (market, still):
        each.advance(["AAPL"], NOW)
        each.advance(["AAPL"], NOW + SECOND)
    found = market.bars("AAPL", 0, MINUTE, NOW + 90 * SECOND)
    first = market.ledgers["AAPL"].minutes.bars(NOW - 30 * SECOND, NOW + 90 * SECOND, MINUTE)[0]
    assert len(found) == LENGTH + 1
    assert found[-1].start_ns == first.start_ns
    assert len(market.bars("AAPL", 0, MINUTE, NOW + 90 * SECOND)) == LENGTH + 1
    assert market.bars("ZZZZ", 0, MINUTE, NOW) == []
    assert len(still.bars("AAPL", 0, MINUTE, NOW + 90 * SECOND)) <= 1
