"""Ticks as ingest writes them: a walk of real-looking prices, with the time they were made at.

Every tick has the same number of bytes, whichever publisher made it and whatever its price: so a server is
not faster because its events were shorter. Prices, sizes and times differ from tick to tick, as a market's
do: constant ones would flatter compression.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import accumulate

EPOCH = 1_700_000_000_000_000
"""An epoch has as many digits as the lease's own."""
STEPS = 4096
_rng = random.Random(2021)
# Steps as BTC/USDT showed them: mostly nothing or a tick or two, at times ten.
_WALK = list(accumulate(_rng.choice((0, 0, 1, -1, 1, -1, 2, -2, 10, -10)) for _ in range(STEPS)))
_LOTS = [_rng.choice((100, 100, 100, 200, 300, 400, 500, 700)) for _ in range(STEPS)]
_SPREADS = [_rng.choice((1, 1, 1, 2, 3)) for _ in range(STEPS)]


@cache
def _base(symbol: str) -> int:
    """In cents, from 120.00 to 879.99: prices have five digits on any walk."""
    return random.Random(symbol).randrange(12_000, 88_000)


@lru_cache(maxsize=4)
def _second(number: int) -> bytes:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(number)).encode()


def tick(symbol: str, number: int, epoch: int, now_us: int) -> bytes:
    """One encoded tick, about 190 bytes; `number` chooses the step of the walk."""
    step = (number + _base(symbol)) % STEPS
    cents = _base(symbol) + _WALK[step]
    bid, ask = cents - _SPREADS[step], cents + _SPREADS[-step]
    return (
        b'{"symbol":"%s","price":%d.%02d,"size":%d.0,"timestamp":"%s.%06dZ","bid":%d.%02d,"ask":%d.%02d,'
        b'"feed":"iex","epoch":%d,"seq":%d,"ts_recv":%d}'
        % (
            symbol.encode(), cents // 100, cents % 100, _LOTS[step], _second(now_us // 1_000_000),
            now_us % 1_000_000, bid // 100, bid % 100, ask // 100, ask % 100, epoch, now_us, now_us,
        )
    )  # fmt: skip


def joined(ticks: Sequence[bytes]) -> bytes:
    """Several in one message; nchan makes a `data:` line of each."""
    return b"\n".join(ticks)
