"""Whether positions are what fills have told."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapecast.bus.account import with_order
from tapecast.bus.codec import Fields
from tapecast.ingest.account.expected import Expected, moves_position, signed

PAUSES = (0.2, 0.4)
DECIDED_S = 20.0
START = 1000.0
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["fill", "AAPL", "1"]),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=6,
)


def fill(symbol: object, quantity: object) -> Fields:
    """A fill after which so much is held."""
    return {"event": "fill", "order": {"symbol": symbol}, "position_qty": quantity}


@pytest.mark.parametrize(
    ("event", "moves"),
    [
        ({"event": "fill"}, True),
        ({"event": "trade_bust"}, True),
        ({"event": "moon_landing", "position_qty": "0"}, True),
        ({"event": None, "position_qtys": {"AAPL": "1"}}, True),
        ({"event": "new", "position_qty": None}, False),
        ({"event": None}, False),
        ({}, False),
    ],
)
def test_an_event_moves_a_position_or_not(event: Fields, moves: bool) -> None:
    """By its name, or by the quantity that it tells."""
    assert moves_position(event) is moves


@pytest.mark.parametrize(
    ("position", "quantity"),
    [
        ({"qty": "1.50", "side": "long"}, Decimal("1.5")),
        ({"qty": "-2", "side": "short"}, Decimal(-2)),
        ({"qty": "2", "side": "short"}, Decimal(-2)),
        ({"qty": "-2", "side": None}, Decimal(-2)),
        ({"qty": 3}, Decimal(3)),
        ({"qty": None}, None),
        ({"qty": "1e1000000", "side": "short"}, Decimal("-1e1000000")),
        ({"qty": "1e99999999999999999999"}, None),
        ({"qty": "many"}, None),
        ({"qty": "NaN"}, None),
        ({"qty": "Infinity"}, None),
        ({"qty": True}, None),
        ({}, None),
    ],
)
def test_a_quantity_has_its_sign(position: Fields, quantity: Decimal | None) -> None:
    """Whichever of the two the venue says it by; what is no number is none."""
    assert signed(position) == quantity


def test_positions_that_agree_need_no_other_read() -> None:
    """However the number is written; and a position that is gone is none."""
    expected = Expected(PAUSES, DECIDED_S)
    for event in (fill("AAPL", "3"), fill("MSFT", "0"), fill("TSLA", "-2.0"), fill("AAPL", "4.00")):
        expected.on_order(event, START)
    held: list[Fields] = [{"symbol": "AAPL", "qty": "4"}, {"symbol": "TSLA", "qty": "2", "side": "short"}]
    assert expected.compare(held, START) is None
    assert expected.differing(START + 10) == []


def test_those_that_lag_are_read_again_and_not_for_ever() -> None:
    """After growing pauses; a new fill begins anew."""
    expected = Expected(PAUSES, DECIDED_S)
    expected.on_order(fill("AAPL", "3"), START)
    old: list[Fields] = [{"symbol": "AAPL", "qty": "1"}]
    assert [expected.compare(old, START) for _ in range(2)] == [0.2, 0.4]
    expected.on_order(fill("AAPL", "4"), START)
    assert [expected.compare(old, START) for _ in range(3)] == [0.2, 0.4, None]
    assert expected.differing(START) == ["AAPL"]
    assert expected.compare(old, START) is None
    assert expected.differing(START) == ["AAPL"], "until it agrees"
    assert expected.compare([{"symbol": "AAPL", "qty": "4"}], START) is None
    assert expected.differing(START) == []


def test_an_order_of_several_legs_tells_several_quantities() -> None:
    """Its own symbol is empty."""
    expected = Expected(PAUSES, DECIDED_S)
    expected.on_order(
        {"order": {"symbol": ""}, "position_qtys": {"A": "1", "B": "2"}, "position_qty": "7"}, START
    )
    assert expected.compare([{"symbol": "A", "qty": "1"}], START) == 0.2
    assert expected.differing(START + 10) == ["B"]


def test_one_that_lags_differs_though_others_go_on() -> None:
    """Their fills begin the tries anew for all."""
    expected = Expected(PAUSES, DECIDED_S)
    expected.on_order(fill("AAPL", "3"), START)
    for second in range(1, 10):
        expected.on_order(fill("MSFT", str(second)), START + second)
        held: list[Fields] = [{"symbol": "MSFT", "qty": str(second)}]
        assert expected.compare(held, START + second) == PAUSES[0]
        assert expected.differing(START + second) == ["AAPL"]


def test_the_poll_decides() -> None:
    """Whatever fills have told: a split, a transfer, an event that was missed."""
    expected = Expected(PAUSES, DECIDED_S)
    expected.on_order(fill("AAPL", "3"), START)
    assert expected.compare([], START + DECIDED_S - 1) is not None
    assert expected.compare([], START + DECIDED_S) is None
    assert expected.differing(START + DECIDED_S) == []


def test_what_a_fill_has_closed() -> None:
    """Until it was read, or is open again."""
    expected = Expected(PAUSES, DECIDED_S)
    for event in (fill("A", "0"), fill("B", "0.00"), fill("C", "0"), fill("C", "1"), fill("D", "2")):
        expected.on_order(event, START)
    assert expected.closed == ["A", "B"]
    expected.compare([{"symbol": "B", "qty": "1"}], START)
    assert expected.closed == ["B"]


@pytest.mark.parametrize(
    "event",
    [
        fill("AAPL", None), fill("AAPL", "x"), fill(None, "1"), fill(7, "1"),
        {"order": None, "position_qty": "1"}, {"position_qtys": 7}, {},
    ],
)  # fmt: skip
def test_what_tells_no_quantity_expects_none(event: Fields) -> None:
    """Null, missing, or no number."""
    expected = Expected(PAUSES, DECIDED_S)
    expected.on_order(event, START)
    assert expected.compare([], START) is None


@given(event=JSON, order=JSON, symbol=JSON, quantity=JSON, several=JSON)
def test_any_event_can_be_judged(
    event: object, order: object, symbol: object, quantity: object, several: object
) -> None:
    """Nothing is raised by what the venue may say one day."""
    for each in (order, {"id": order, "symbol": symbol, "legs": order}):
        told: Fields = {
            "event": event, "order": each, "position_qty": quantity, "position_qtys": several,
        }  # fmt: skip
        moves_position(told)
        with_order(with_order([{"id": "a", "legs": order}], told), told)
        expected = Expected(PAUSES, DECIDED_S)
        expected.on_order(told, START)
        expected.compare([{"symbol": "AAPL", "qty": quantity, "side": symbol}], START)
