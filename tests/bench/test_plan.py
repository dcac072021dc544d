"""A plan says what it does, asks for it in bytes, and keeps its ticket to itself."""

from __future__ import annotations

import pytest

from tapecast.bench.plan import MOST_SYMBOLS, symbols_of
from tapecast.errors import SettingsError
from tests.bench.support import TICKET, plan_for


def test_a_request_is_that_of_a_page() -> None:
    """With what was asked for, under the path of the proxy, and never compressed."""
    plan = plan_for("http://localhost:8000/live", interval_ms=250, ticket="a b&c\r\n")
    head = plan.stream_request().decode()
    assert head.startswith(
        "GET /live/stream/prices?symbols=AAPL&interval=250&ticket=a%20b%26c%0D%0A HTTP/1.1\r\n"
    )
    assert "\r\nHost: localhost:8000\r\n" in head
    assert "\r\nAccept: text/event-stream\r\n" in head
    assert "\r\nAccept-Encoding: identity\r\n" in head
    assert head.endswith("\r\n\r\n")


def test_symbols_are_spelled_as_a_url_needs_them() -> None:
    """A slash may stand, all else is escaped."""
    plan = plan_for("http://localhost:8000")
    asked = plan.__class__(plan.target, ("BTC/USD", "Ü&"), 1, 1.0, 1.0).stream_request()
    assert asked.startswith(b"GET /stream/prices?symbols=BTC/USD,%C3%9C%26 HTTP/1.1\r\n")


def test_a_plan_in_words_has_no_ticket() -> None:
    """Nor has what a traceback would show."""
    plan = plan_for("http://localhost:8000", ticket=TICKET)
    assert plan.words() == (
        "opens 2 streams of 1 symbol at http://localhost:8000, 1000 a second, and holds them for 1 s"
    )
    assert TICKET not in plan.words() + repr(plan)


def test_of_many_streams_a_sample_is_looked_at() -> None:
    """Of few, everything."""
    assert plan_for("http://localhost:8000", streams=100).every == 1
    assert plan_for("http://localhost:8000", streams=101).every == 8


def test_symbols_are_taken_once() -> None:
    """In upper case, in their order."""
    assert symbols_of(" aapl, BTC/USD,AAPL,,") == ("AAPL", "BTC/USD")


@pytest.mark.parametrize("text", ["", " , ", ",".join(f"A{n}" for n in range(MOST_SYMBOLS + 1))])
def test_none_and_too_many_are_refused(text: str) -> None:
    """Before anybody is asked."""
    with pytest.raises(SettingsError, match="--symbols"):
        symbols_of(text)


@pytest.mark.parametrize(
    "options",
    [{"streams": 2001}, {"streams": 0}, {"seconds": 300.1}, {"seconds": float("nan")}, {"ramp": 1001.0}],
)
def test_bounds_hold_whoever_makes_the_plan(options: dict[str, float]) -> None:
    """What is no number is above all of them."""
    with pytest.raises(SettingsError, match=f"--{next(iter(options))}: must be above 0 and at most"):
        plan_for("http://localhost:8000", **options)


def test_the_opening_has_a_bound_too() -> None:
    """A slow ramp to many streams would go on for half an hour."""
    assert plan_for("http://localhost:8000", streams=300, ramp=1.0).ramp_s == 300
    with pytest.raises(SettingsError, match="--ramp: opening would take 2,000 s; take at least 7"):
        plan_for("http://localhost:8000", streams=2000, ramp=1.0)
