"""The lines above the tables."""

from __future__ import annotations

import pytest
from rich.console import Group

from tapecast.client import Feed, FeedState, NotTapecast, SymbolState, SymbolStatus, Tick, Unreachable
from tapecast.client.stream import Stream
from tapecast.watch import header
from tapecast.watch.meter import Meter
from tests.support import HandClock
from tests.watch.support import HELLO, LIVE, NOW_US, STALE, STOCKS, heard, shown


def lines(stream: Stream, width: int = 80) -> list[str]:
    """As shown."""
    meter = Meter(HandClock().clock)
    return shown(Group(*header.lines(stream, meter, "http://127.0.0.1:8000", width)), width)


def test_all_is_well() -> None:
    """The word, what is invented, the feeds and where they come from."""
    simulated = Feed("simulated", "us_equity", FeedState.LIVE, simulated=True)
    assert lines(heard(HELLO, simulated, LIVE)) == [
        " LIVE   SIMULATED", "us_equity live · http://127.0.0.1:8000",
    ]  # fmt: skip


def test_what_is_wrong_is_said() -> None:
    """Of a feed once, and of a symbol only what its feed does not say."""
    lost = Feed("iex", "us_equity", FeedState.RECONNECTING, "ingest_lost")
    refused = SymbolStatus("NOPE!", SymbolState.REFUSED, "symbol_invalid")
    found = lines(heard(HELLO, lost, STALE, refused))
    assert found[0] == " STALE"
    assert found[2] == "us_equity: ingest_lost; NOPE!: symbol_invalid"


def test_a_lost_connection_says_why() -> None:
    """And when it takes long to come back."""
    stream = heard(HELLO, STOCKS, LIVE)
    stream.lost(Unreachable("unreachable", "nobody answers"), 3.0)
    assert lines(stream)[::2] == [" RECONNECTING", "nobody answers"]
    stream.lost(NotTapecast("not_a_stream", "a page"), 65.0)
    assert lines(stream)[2] == "again in a minute: a page"


def test_own_latency_is_told_while_there_is_one() -> None:
    """Not of a connection that is lost."""
    hand = HandClock()
    stream, meter = heard(HELLO, STOCKS, LIVE, hand=hand), Meter(hand.clock)
    hand.advance(0.25)
    meter.hear(Tick("AAPL", 1.0, ts_recv=NOW_US), stream)
    assert "lag 250 ms · 0 prices/s" in str(header.lines(stream, meter, "http://x", 80)[0])
    stream.lost(Unreachable("unreachable", "nobody answers"), 3.0)
    assert "lag" not in str(header.lines(stream, meter, "http://x", 80)[0])


@pytest.mark.parametrize("url", ["http://me:hunter2@prices.test/", "https://prices.test/?ticket=hunter2"])
def test_a_password_in_the_address_is_not_shown(url: str) -> None:
    """Others see the screen."""
    (_, sources) = header.lines(heard(HELLO, STOCKS, LIVE), Meter(HandClock().clock), url, 80)
    assert str(sources).endswith("://prices.test")


def test_it_is_cut_to_the_width() -> None:
    """A line that wraps would push the table out of the screen."""
    lost = Feed("iex", "us_equity", FeedState.RECONNECTING, "x" * 100)
    found = lines(heard(HELLO, lost, STALE), 40)
    assert len(found) == 3
    assert all(len(line) <= 40 for line in found)
    assert found[2].endswith("…")
