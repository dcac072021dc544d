"""One symbol among thirty goes silent: it is noticed, subscribed anew and counted; the others never pause."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from dataclasses import replace

import pytest
from httpx_sse import ServerSentEvent

from tapecast.simulator.paths import STOCK_PATH
from tapecast.simulator.symbols import LISTED
from tests.e2e.pipe import BRIEF, pipe
from tests.stalls import stalls
from tests.support import eventually

pytestmark = pytest.mark.e2e

THIRTY = [symbol for symbol in LISTED if "/" not in symbol][:30]
LOOKING = replace(BRIEF, compare_every_s=2.0, lag_s=1.5, compare_grace_s=0.2)
MOST_S = 2.5
"""Each symbol prints at least once a second here; the rest is for a busy machine. A new session, or a symbol
subscribed anew for nothing, would cost the wait for its seed on top."""


class Gaps:
    """How long each symbol went without a tick, as the page got them."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}
        self.longest_s: dict[str, float] = defaultdict(float)

    def hear(self, event: ServerSentEvent) -> None:
        """One event, as it comes."""
        if event.event == "message":
            self._end(json.loads(event.data)["symbol"])

    def end(self) -> None:
        """What has not ticked until now has gone without for so long."""
        for symbol in list(self._last):
            self._end(symbol)

    def _end(self, symbol: str) -> None:
        now = time.monotonic()
        gap_s = stalls.ran_s(self._last.get(symbol, now))
        self.longest_s[symbol] = max(self.longest_s[symbol], gap_s)
        self._last[symbol] = now


async def test_one_of_thirty_goes_silent(valkey_url: str) -> None:
    """The venue has it in its set all the while and sends not a word of it."""
    mute, others = THIRTY[0], THIRTY[1:]
    async with pipe(valkey_url, limits=LOOKING) as running, running.prices(*THIRTY) as stream:
        await eventually(lambda: all(stream.state(symbol) == "live" for symbol in THIRTY), "thirty live")
        states, gaps = len(stream.named("symbol")), Gaps()
        stream.hear = gaps.hear
        await eventually(lambda: len(gaps.longest_s) == len(THIRTY), "each has ticked")
        running.venue.faults[STOCK_PATH].muted = {mute}
        # At most one more may have been on its way.
        silent_from = len(stream.ticks(mute)) + 1

        async def counted() -> bool:
            return bool((await running.status())["resubscribed"] == 1)

        await eventually(counted, "subscribed anew and counted")
        await eventually(lambda: len(stream.ticks(mute)) > silent_from + 3, "it is heard again")
        assert running.venue.subscribed(STOCK_PATH) == set(THIRTY)
        gaps.end()
        paused = {symbol: gaps.longest_s[symbol] for symbol in others if gaps.longest_s[symbol] > MOST_S}
        assert paused == {}
        assert {event["symbol"] for event in stream.named("symbol")[states:]} <= {mute}
        assert running.venue.dials[STOCK_PATH] == 1
        for symbol in THIRTY:
            order = [(tick["epoch"], tick["seq"]) for tick in stream.ticks(symbol)]
            assert order == sorted(set(order))
