"""The simulated venue's minutes: those of its prints, told when they are over and again if they change."""

from __future__ import annotations

import pytest

from tapecast.market import parse_rfc3339
from tapecast.simulator.bars import Bar
from tapecast.simulator.codec import JSON, MSGPACK, Encoded
from tapecast.simulator.hours import MINUTE, SECOND
from tapecast.simulator.ledger import Print
from tapecast.simulator.minutes import HALF, KEPT, MENDABLE, Minutes
from tapecast.simulator.symbols import instrument

START = parse_rfc3339("2026-11-20T15:00:00Z")
AAPL = instrument("AAPL")
assert AAPL is not None
CONTRACT = instrument("AAPL270115C00300000")


def at(second: float, price: float, size: float = 100, *conditions: str, number: int = 1) -> Print:
    """A print so many seconds after START."""
    assert AAPL is not None
    return Print(AAPL, START + round(second * SECOND), number, price, size, True, conditions or ("@",))


def minutes(*prints: Print) -> Minutes:
    """Those of these prints."""
    assert AAPL is not None
    made = Minutes(AAPL)
    for each in prints:
        made.add(each)
    return made


def figures(bar: Bar) -> tuple[float, ...]:
    """Open, high, low, close, volume and count."""
    return (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.count)


def test_a_minute_is_told_once_when_it_is_over() -> None:
    """By the time of its prints, whenever they came."""
    one = minutes(at(5, 10.0), at(50, 11.0), at(2, 9.0), at(61, 12.0))
    assert one.due(START + MINUTE - 1) == []
    (told,) = one.due(START + MINUTE)
    assert (told.kind, told.ns, figures(told.bar)) == ("b", START, (9.0, 11.0, 9.0, 11.0, 300, 3))
    assert one.due(START + MINUTE) == []


def test_a_minute_that_changed_is_told_again_half_a_minute_later() -> None:
    """A late print, a correction, a cancel."""
    first = at(5, 10.0)
    one = minutes(first, at(6, 11.0))
    one.due(START + MINUTE)
    one.add(at(50, 12.0))
    assert one.due(START + MINUTE + HALF - 1) == []
    (told,) = one.due(START + MINUTE + HALF)
    assert (told.kind, figures(told.bar)) == ("u", (10.0, 12.0, 10.0, 12.0, 300, 3))
    one.amend(first, first._replace(price=9.0))
    (told,) = one.due(START + 2 * MINUTE)
    assert told.bar.open == 9.0
    one.amend(first._replace(price=9.0), None)
    (told,) = one.due(START + 2 * MINUTE)
    assert figures(told.bar) == (11.0, 12.0, 11.0, 12.0, 200, 2)
    one.amend(first, None)
    assert one.due(START + 9 * MINUTE) == []


def test_conditions_count_as_at_the_venue() -> None:
    """Odd lots make volume, prints sold late no last price, an official close nothing; options are others."""
    one = minutes(at(1, 50.0, 5, "I"), at(2, 10.0), at(3, 12.0, 100, "Z"), at(4, 90.0, 100, "M"))
    (told,) = one.due(START + MINUTE)
    assert figures(told.bar) == (10.0, 12.0, 10.0, 10.0, 205, 3)
    assert minutes(at(1, 50.0, 5, "I")).due(START + MINUTE) == []
    assert CONTRACT is not None
    option = Minutes(CONTRACT)
    option.add(Print(CONTRACT, START, 1, 3.0, 1, True, ("I",)))
    assert len(option.due(START + MINUTE)) == 1


def test_rest_has_what_is_over_in_any_length() -> None:
    """Five minutes are five minutes."""
    one = minutes(*(at(60 * minute + 1, 10.0 + minute) for minute in range(12)))
    reached = START + 11 * MINUTE + 30 * SECOND
    bars = one.bars(START, reached, MINUTE)
    assert [bar.open for bar in bars] == [10.0 + minute for minute in range(11)]
    bars = one.bars(START, reached, 5 * MINUTE)
    assert [figures(bar) for bar in bars] == [
        (10.0, 14.0, 10.0, 14.0, 500, 5),
        (15.0, 19.0, 15.0, 19.0, 500, 5),
        (20.0, 20.0, 20.0, 20.0, 100, 1),
    ]
    assert bars[0].average == pytest.approx(12.0)
    assert one.bars(START + MINUTE, reached, MINUTE)[0].open == 11.0


def test_it_is_bounded() -> None:
    """Prints for a while, bars for days."""
    one = minutes(*(at(60 * minute, 10.0) for minute in range(KEPT + 100)))
    assert len(one._prints) <= MENDABLE + 1
    assert len(one._bars) <= KEPT
    one.add(at(0, 99.0))
    assert len(one._prints) <= MENDABLE + 1
    assert one.bars(0, START + KEPT * MINUTE, MINUTE)[-1].open == 10.0


def test_it_is_spelled_as_at_the_venue() -> None:
    """Field by field."""
    (told,) = minutes(at(1, 10.0), at(2, 11.0, 300)).due(START + MINUTE)
    encoded = Encoded(told)
    assert JSON.decode(encoded.spelled(JSON)) == {
        "T": "b", "S": "AAPL", "o": 10.0, "h": 11.0, "l": 10.0, "c": 11.0, "v": 400, "n": 2, "vw": 10.75,
        "t": "2026-11-20T15:00:00Z",
    }  # fmt: skip
    assert MSGPACK.decode(encoded.spelled(MSGPACK))["T"] == "b"
