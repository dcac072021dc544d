"""Bodies of requests."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tapecast.simulator.paper import request
from tapecast.simulator.paper.order import OrderClass
from tapecast.simulator.paper.refusal import Refusal

LEAST = b'"symbol": "AAPL", "side": "buy", "type": "market", "time_in_force": "day"'


def test_numbers_are_exact_whether_they_are_text_or_not() -> None:
    """A client that sends floats gets the decimal that it wrote."""
    for qty in (b"0.1", b'"0.1"'):
        assert request.new_order(b'{%s, "qty": %s}' % (LEAST, qty)).qty == Decimal("0.1")


@pytest.mark.parametrize("body", [b"", b"[]", b"garbage", b"{}", b"\xff", b'{%s, "qty": true}' % LEAST])
def test_what_is_no_order_is_refused(body: bytes) -> None:
    """With 422."""
    with pytest.raises(Refusal) as caught:
        request.new_order(body)
    assert (caught.value.status, caught.value.body["code"]) == (422, 40010001)


def test_what_is_not_known_is_left_out() -> None:
    """Clients send more than there is here."""
    assert request.new_order(b'{%s, "position_intent": "buy_to_open", "legs": null}' % LEAST).qty is None


@pytest.mark.parametrize("word", [b'""', b"null", b'"simple"'])
def test_an_order_without_a_class_is_simple(word: bytes) -> None:
    """However that is said."""
    assert request.new_order(b'{%s, "order_class": %s}' % (LEAST, word)).group is OrderClass.SIMPLE


def test_a_change_may_be_of_one_thing() -> None:
    """The rest is not said."""
    assert request.change(b'{"limit_price": "250.10"}') == request.Change(limit_price=Decimal("250.1"))
    with pytest.raises(Refusal):
        request.change(b'{"limit_price": []}')
