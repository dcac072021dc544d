"""Events of the wire, typed."""

from __future__ import annotations

import msgspec
import pytest

from tapecast.client import Bars, BarUpdate, Malformed, Order, OrderUpdate, Position, SymbolState, Tick
from tapecast.client.decode import decode
from tapecast.client.events import NAMES


def test_a_tick_is_the_default_event() -> None:
    """Unknown fields are None, and fields that we do not know are left out."""
    event = decode("message", '{"symbol":"AAPL","price":1.5,"epoch":1,"seq":2,"news":[]}')
    assert event == Tick("AAPL", 1.5, epoch=1, seq=2)


def test_money_keeps_its_digits() -> None:
    """A double would not."""
    event = decode("position", '{"symbol":"AAPL","qty":0.1,"cost_basis":9007199254740993.10,"state":"live"}')
    assert isinstance(event, Position)
    assert (str(event.qty), str(event.cost_basis)) == ("0.1", "9007199254740993.10")
    assert event.state is SymbolState.LIVE


def test_an_order_has_its_legs() -> None:
    """And nulls where Alpaca has them."""
    text = '{"event":"new","order":{"id":"a","qty":null,"legs":[{"id":"b","qty":3}]}}'
    event = decode("order", text)
    assert isinstance(event, OrderUpdate)
    assert event.order.legs is not None
    assert isinstance(event.order.legs[0], Order)
    assert str(event.order.legs[0].qty) == "3"


def test_a_bar_says_whose_it_is() -> None:
    """And is a bar as in the list."""
    bar = '"start":"2026-01-02T00:00:00Z","open":1,"closed":true,"epoch":1,"seq":1'
    one = decode("bar", f'{{"symbol":"AAPL","interval":"1m",{bar}}}')
    many = decode("bars", f'{{"symbol":"AAPL","interval":"1m","history":"own","bars":[{{{bar}}}]}}')
    assert isinstance(one, BarUpdate)
    assert isinstance(many, Bars)
    assert (one.start, one.open, one.closed) == (many.bars[0].start, many.bars[0].open, many.bars[0].closed)


def test_an_event_of_a_newer_server_is_left_out() -> None:
    """By its name."""
    assert decode("weather", "{}") is None


@pytest.mark.parametrize("name", sorted(NAMES))
@pytest.mark.parametrize(
    "data", ["", "{", "null", "[]", '{"state":1}', '{"symbol":7}', '{"x":' + "[" * 100_000]
)
def test_nonsense_ends_the_stream(name: str, data: str) -> None:
    """And the error names the event."""
    if name == "portfolio" and data == '{"symbol":7}':
        # It has no symbol, and no field that it must have.
        return
    with pytest.raises(Malformed, match=f"`{name}`"):
        decode(name, data)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_what_is_read_is_written_the_same(name: str) -> None:
    """So that `--json` shows the wire's names."""
    kind = NAMES[name]
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    assert names == [field.name for field in msgspec.structs.fields(kind)]
