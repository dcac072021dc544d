"""What the account says of itself, when it is wrong."""

from __future__ import annotations

from typing import Any

from tapecast.simulator.faults import RestFaults
from tapecast.simulator.paper.spoil import spoilt, without

HELD: list[dict[str, Any]] = [
    {"asset_id": "1", "symbol": "AAPL", "qty": "40", "current_price": "271"},
    {"asset_id": "2", "symbol": "BTCUSD", "qty": "0.2", "current_price": "101000"},
]


def test_without_faults_nothing_changes() -> None:
    """And what was given is not touched."""
    assert spoilt(HELD, RestFaults()) == HELD


def test_fields_are_replaced() -> None:
    """Null, an unknown word, whatever."""
    told = spoilt(HELD, RestFaults(positions={"AAPL": {"current_price": None, "asset_class": "moon"}}))
    assert told[0] == {
        "asset_id": "1",
        "symbol": "AAPL",
        "qty": "40",
        "current_price": None,
        "asset_class": "moon",
    }
    assert told[1] == HELD[1]


def test_a_stranger_is_one_more() -> None:
    """Like the last, with an id of its own."""
    told = spoilt(HELD, RestFaults(positions={"ZZZZ.W": {"qty": "3"}}))
    assert (len(told), told[2]["symbol"], told[2]["qty"], told[2]["current_price"]) == (
        3,
        "ZZZZ.W",
        "3",
        "101000",
    )
    assert told[2]["asset_id"] not in {"1", "2"}


def test_fields_are_missing() -> None:
    """Everywhere."""
    faults = RestFaults(missing={"qty", "equity"})
    assert not any("qty" in each for each in spoilt(HELD, faults))
    assert without({"cash": "1", "equity": "2"}, faults) == {"cash": "1"}
