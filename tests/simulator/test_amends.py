"""Corrections and cancels as the venue spells them."""

from __future__ import annotations

from typing import Any

from tapecast.simulator.amends import Cancel, Correction
from tapecast.simulator.codec import JSON, MSGPACK, Encoded
from tapecast.simulator.ledger import Print
from tapecast.simulator.symbols import LISTED

NS = 1_795_190_400_000_000_000
TRADE = Print(LISTED["AAPL"], NS, 7, 270.5, 100, bought=True)
RIGHT = TRADE._replace(number=9, price=207.5)


def spelled(event: Correction | Cancel) -> dict[str, Any]:
    """The event in JSON."""
    message = JSON.decode(Encoded(event).spelled(JSON))
    assert next(iter(message)) == "T"
    return message


def test_a_correction_has_both_trades() -> None:
    """The original's fields begin with o, the corrected one's with c."""
    assert spelled(Correction(TRADE, RIGHT, NS)) == {
        "T": "c",
        "S": "AAPL",
        "x": "V",
        "oi": 7,
        "op": 270.5,
        "os": 100,
        "oc": ["@"],
        "ci": 9,
        "cp": 207.5,
        "cs": 100,
        "cc": ["@"],
        "t": "2026-11-20T16:00:00Z",
        "z": "C",
    }


def test_conditions_and_venue_are_those_of_the_trade() -> None:
    """A reader that looks at the conditions must not take a corrected odd lot for a regular sale."""
    trade = TRADE._replace(conditions=("@", "I"), venue="D")
    message = spelled(Correction(trade, trade._replace(price=207.5), NS))
    assert (message["x"], message["oc"], message["cc"]) == ("D", ["@", "I"], ["@", "I"])
    assert spelled(Cancel(trade, NS))["x"] == "D"


def test_a_cancel_has_the_trade() -> None:
    """And says which kind it is."""
    assert spelled(Cancel(TRADE, NS)) == {
        "T": "x",
        "S": "AAPL",
        "i": 7,
        "x": "V",
        "p": 270.5,
        "s": 100,
        "a": "C",
        "t": "2026-11-20T16:00:00Z",
        "z": "C",
    }


def test_both_codecs_say_it() -> None:
    """Time is an extension in msgpack."""
    message = MSGPACK.decode(Encoded(Cancel(TRADE, NS)).spelled(MSGPACK))
    assert (message["T"], message["i"]) == ("x", 7)
    assert message["t"].timestamp() * 1_000_000_000 == NS
