"""Who watches what: lists drawn from a market in which few symbols have most of the listeners (Zipf)."""

from __future__ import annotations

import random
from itertools import accumulate

SYMBOLS = tuple(f"S{number:02d}" for number in range(100))


def watchlist(rng: random.Random, size: int, symbols: tuple[str, ...] = SYMBOLS) -> tuple[str, ...]:
    """`size` different symbols; the n-th of all is drawn with a weight of 1/n."""
    cumulated = list(accumulate(1 / rank for rank in range(1, len(symbols) + 1)))
    chosen: dict[str, None] = {}
    while len(chosen) < min(size, len(symbols)):
        chosen.update(dict.fromkeys(rng.choices(symbols, cum_weights=cumulated, k=size)))
    return tuple(sorted(list(chosen)[:size]))


def watchlists(
    count: int, size: int, seed: int = 1, symbols: tuple[str, ...] = SYMBOLS
) -> list[tuple[str, ...]]:
    """So many lists, all different from each other as long as there are enough."""
    rng = random.Random(seed)
    lists: dict[tuple[str, ...], None] = {}
    tries = 0
    while len(lists) < count and tries < 3 * count:
        lists[watchlist(rng, size, symbols)] = None
        tries += 1
    found = list(lists)
    return [found[number % len(found)] for number in range(count)]
