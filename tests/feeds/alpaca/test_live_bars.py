"""The venue's minutes on a session: told for symbols that are wanted, named when they make no sense."""

from __future__ import annotations

import msgpack

from tapecast.bars import VenueBar
from tapecast.market import parse_rfc3339
from tests.feeds.alpaca.test_live import beside, live, trade
from tests.feeds.alpaca.venue import Dialogue
from tests.support import eventually

START = parse_rfc3339("2026-11-20T15:04:00Z")


def bar(kind: str, symbol: str, high: float = 12.0) -> dict[str, object]:
    """A minute as the venue sends it."""
    prices = {"o": 10.0, "h": high, "l": 9.0, "c": 11.0, "v": 5, "n": 2, "vw": 10.5}
    return {"T": kind, "S": symbol, **prices, "t": msgpack.Timestamp.from_unix_nano(START)}


async def test_minutes_reach_the_listener() -> None:
    """Beside trades, told and mended; those of symbols that nobody wants do not."""

    async def script(venue: Dialogue) -> None:
        await venue.say(bar("b", "AAPL"), trade(), bar("b", "MSFT"), bar("d", "AAPL"))
        await venue.say(bar("b", "AAPL", high=1.0), bar("u", "AAPL", high=13.0))
        await venue.say({"T": "b"}, {"T": "u", "S": []})
        await venue.say(trade())

    async with live(script, "AAPL") as it, beside(it.session.read()):
        await eventually(lambda: len(it.recorder.trades) == 2)
        assert it.recorder.bars == [
            VenueBar("AAPL", START, 10.0, high, 9.0, 11.0, 5.0, 2, 10.5) for high in (12.0, 13.0)
        ]
        assert it.recorder.rejected == {"price": 1}
