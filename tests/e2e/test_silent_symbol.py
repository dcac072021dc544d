"""One symbol among thirty goes silent: it is noticed, subscribed anew and counted; the others never pause."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tapecast.simulator.paths import STOCK_PATH
from tapecast.simulator.symbols import LISTED
from tests.e2e.pipe import BRIEF, pipe
from tests.support import eventually

pytestmark = pytest.mark.e2e

THIRTY = [symbol for symbol in LISTED if "/" not in symbol][:30]
LOOKING = replace(BRIEF, compare_every_s=2.0, lag_s=1.5, compare_grace_s=0.2)


async def test_one_of_thirty_goes_silent(valkey_url: str) -> None:
    """The venue has it in its set all the while and sends not a word of it."""
    mute, others = THIRTY[0], THIRTY[1:]
    async with pipe(valkey_url, limits=LOOKING) as running, running.prices(*THIRTY) as stream:
        await eventually(lambda: all(stream.state(symbol) == "live" for symbol in THIRTY), "thirty live")
        states = len(stream.named("symbol"))
        running.venue.faults[STOCK_PATH].muted = {mute}
        # At most one more may have been on its way.
        silent_from = len(stream.ticks(mute)) + 1

        async def counted() -> bool:
            return bool((await running.status())["resubscribed"] == 1)

        await eventually(counted, "subscribed anew and counted")
        await eventually(lambda: len(stream.ticks(mute)) > silent_from + 3, "it is heard again")
        assert running.venue.subscribed(STOCK_PATH) == set(THIRTY)
        counts = {symbol: len(stream.ticks(symbol)) for symbol in others}
        await eventually(lambda: all(len(stream.ticks(s)) > n for s, n in counts.items()), "the others go on")
        assert {event["symbol"] for event in stream.named("symbol")[states:]} <= {mute}
        assert running.venue.dials[STOCK_PATH] == 1
        for symbol in THIRTY:
            order = [(tick["epoch"], tick["seq"]) for tick in stream.ticks(symbol)]
            assert order == sorted(set(order))
