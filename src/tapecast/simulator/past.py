"""Minutes of before the simulator was started: invented, so that a chart is not empty when it opens.

They lead back from the first price in a walk of the symbol's own, the same for the same seed. Only bars know
of them: days and positions have a past of their own.
"""

from __future__ import annotations

import math
import random
from typing import Final

from tapecast.market import Market
from tapecast.simulator.bars import Bar
from tapecast.simulator.hours import MINUTE
from tapecast.simulator.symbols import Instrument

LENGTH: Final = 3000
"""Minutes: fifty hours of a market that is always open, as this one is."""
_STEP: Final = {Market.US_EQUITY: 4e-4, Market.CRYPTO: 8e-4, Market.US_OPTION: 4e-3}
"""How far a price moves in a minute, as a part of itself."""
_GAP_S: Final = 0.9
"""A walk is never silent for longer."""
_SIZE: Final = {Market.US_EQUITY: 170.0, Market.CRYPTO: 1_010.0, Market.US_OPTION: 4.0}
"""Of a walk's trades on average: shares, dollars, contracts. Volume must not leap at the start."""


def past(instrument: Instrument, seed: int, before_ns: int, price: float) -> list[Bar]:
    """The minutes before this instant, oldest first; the last one closes at this price."""
    chance = random.Random(f"past:{seed}:{instrument.symbol}")
    step = _STEP[instrument.market]
    bars, close = [], price
    newest = before_ns - before_ns % MINUTE - MINUTE
    for start in range(newest, newest - LENGTH * MINUTE, -MINUTE):
        # Back to where it came from; pulled to the first price, or days would lead anywhere.
        opening = _round(instrument, close * (1 + chance.gauss(0, step)) + (price - close) * 0.01)
        high = _round(instrument, max(opening, close) * (1 + abs(chance.gauss(0, step / 2))))
        low = _round(instrument, min(opening, close) * (1 - abs(chance.gauss(0, step / 2))))
        bars.append(_bar(instrument, start, (opening, high, low, close), chance))
        close = opening
    return bars[::-1]


def _bar(
    instrument: Instrument, start_ns: int, prices: tuple[float, float, float, float], chance: random.Random
) -> Bar:
    opening, high, low, close = prices
    bar = Bar(start_ns, opening, max(opening, high, close), min(opening, low, close), close)
    trades = 60 * instrument.rate / (1 - math.exp(-instrument.rate * _GAP_S))
    bar.count = max(1, round(chance.gauss(trades, trades / 5)))
    size = _SIZE[instrument.market] / (close if instrument.market is Market.CRYPTO else 1)
    bar.volume = round(bar.count * size, instrument.size_places)
    bar.turnover = bar.volume * (opening + close) / 2
    return bar


def _round(instrument: Instrument, price: float) -> float:
    return instrument.price(max(1, round(price * instrument.scale)))
