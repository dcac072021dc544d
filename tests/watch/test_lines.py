"""Lines for pipes."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tapecast.client import (
    Bye,
    Connection,
    ConnectionState,
    Event,
    Feed,
    FeedState,
    Heartbeat,
    Portfolio,
    Position,
    SymbolState,
    SymbolStatus,
)
from tapecast.watch import lines
from tests.watch.support import HELLO, LIVE, STALE, heard, tick


def test_a_tick_says_whether_it_may_be_believed() -> None:
    """In the same line, so that nothing must be put together."""
    (line,) = lines.as_json(tick(), heard(HELLO, STALE)).splitlines()
    told = json.loads(line)
    assert (told["event"], told["symbol"], told["price"]) == ("tick", "AAPL", 271.5)
    assert (told["state"], told["reason"]) == ("stale", "ingest_lost")
    assert "reason" not in json.loads(lines.as_json(tick(), heard(HELLO, LIVE)))


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (LIVE, {"event": "symbol", "symbol": "AAPL", "state": "live"}),
        (Heartbeat(1), {"event": "heartbeat", "server_time": 1}),
        (Connection(ConnectionState.OPEN), {"event": "connection", "state": "open"}),
        (Bye("draining", "x"), {"event": "bye", "code": "draining", "message": "x"}),
    ],
)
def test_other_events_have_their_name(event: Event, told: dict[str, object]) -> None:
    """That of the wire; what is unknown is left out."""
    assert json.loads(lines.as_json(event, heard(HELLO))) == told


def test_money_is_a_number_with_all_its_digits() -> None:
    """No text, and nothing rounded."""
    line = lines.as_json(Position("AAPL", cost_basis=Decimal("9007199254740993.10")), heard(HELLO))
    assert b'"cost_basis":9007199254740993.10' in line


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (tick(), "AAPL            271.50    +0.46%            271.49 / 271.51  live"),
        (SymbolStatus("A\x1b", SymbolState.STALE, "no\nupdate"), "A         stale: no update"),
        (Feed("x", "crypto", FeedState.LIVE, simulated=True), "crypto    feed live (SIMULATED)"),
        (Connection(ConnectionState.RECONNECTING, "x", "gone"), "server    reconnecting: gone"),
        (
            Position(
                "TSLA", SymbolState.LIVE, qty=Decimal(-2), market_value=Decimal(-9), unrealized_pl=Decimal(1)
            ),
            "TSLA      position -2 worth -9.00  P/L +1.00  live",
        ),
        (Portfolio(equity=Decimal(10), day_pl=Decimal(-1)), "account   equity 10.00  day -1.00"),
    ],
)
def test_a_line_for_a_person(event: Event, words: str) -> None:
    """After the time of day; it cannot steer a terminal."""
    line = lines.as_text(event, heard(HELLO, LIVE))
    assert line is not None
    assert line.decode()[10:] == words + "\n"


def test_what_tells_a_person_nothing_is_no_line() -> None:
    """A heartbeat."""
    assert lines.as_text(Heartbeat(1), heard(HELLO)) is None
