"""Frames, byte for byte."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tapecast.api import frames
from tests.api.peer import parsed
from tests.api.support import tick


def test_a_tick_is_the_default_event_with_the_published_bytes() -> None:
    """No `event:` line, so that `onmessage` hears it."""
    data = tick("AAPL", 1)
    assert frames.tick(data) == b"data: " + data + b"\n\n"


@pytest.mark.parametrize("line_break", [b"\n", b"\r", b"\r\n", b"\n\n"])
def test_a_foreign_line_break_cannot_split_a_frame(line_break: bytes) -> None:
    """Pretty-printed JSON under one of our names stays one event."""
    frame = frames.tick(b'{"symbol":"AAPL",' + line_break + b'"price":1}')
    assert parsed(frame) == [("message", {"symbol": "AAPL", "price": 1})]


def test_everything_else_is_named() -> None:
    """An event has its name and one line of JSON."""
    assert frames.event("feed", {"a": 1}) == b'event: feed\ndata: {"a":1}\n\n'


def test_decimals_are_exact_numbers() -> None:
    """Money keeps every digit and is no string."""
    assert frames.event("position", {"v": Decimal("0.10")}) == b'event: position\ndata: {"v":0.10}\n\n'


def test_the_retry_delay_is_jittered() -> None:
    """Clients that were cut off together do not come back together."""
    delays = [int(frames.retry().removeprefix(b"retry: ")) for _ in range(50)]
    assert len(set(delays)) > 10
    assert min(delays) >= 700
    assert max(delays) <= 2000


def test_bye_comes_with_a_delay() -> None:
    """The last words say why, and when to come back."""
    (retry, _), bye = parsed(frames.bye("draining", "later"))
    assert retry == "retry"
    assert bye == ("bye", {"code": "draining", "message": "later"})


def test_who_is_asked_to_stay_away_longer_is_jittered_too() -> None:
    """All that were refused at once do not come back at once."""
    delays = [int(frames.retry(10).removeprefix(b"retry: ")) for _ in range(50)]
    assert len(set(delays)) > 10
    assert 3500 <= min(delays) <= max(delays) <= 10_000
