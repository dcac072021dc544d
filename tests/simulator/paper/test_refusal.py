"""How the venue says no."""

from __future__ import annotations

from tapecast.simulator.paper import refusal


def test_each_has_its_status_and_code() -> None:
    """Whatever else is known stands beside them."""
    told = [
        refusal.malformed("a"),
        refusal.unprocessable("b"),
        refusal.forbidden("c", symbol="AAPL"),
        refusal.not_found("d"),
    ]
    assert [(each.status, each.body["code"]) for each in told] == [
        (422, 40010001),
        (422, 42210000),
        (403, 40310000),
        (404, 40410000),
    ]
    assert told[2].body == {"code": 40310000, "message": "c", "symbol": "AAPL"}
    assert str(told[3]) == "d"
