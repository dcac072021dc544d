"""Small recorded tapes for tests, and the one with real prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tapecast.market import parse_rfc3339, rfc3339

START = parse_rfc3339("2021-01-08T15:00:00Z")
SECOND = 1_000_000_000
REAL = Path(__file__).parents[2] / "shared" / "data" / "btcusd_2021-01-08.jsonl"
REAL_TRADES, REAL_QUOTES, REAL_LAST = 2001, 451, 39491.76


def trade(symbol: str, at_s: float, price: float, **fields: object) -> str:
    """A trade's line, so many seconds after START."""
    time = rfc3339(START + int(at_s * SECOND))
    return json.dumps({"T": "t", "S": symbol, "p": price, "s": 1, "t": time, **fields})


def quote(symbol: str, at_s: float, bid: float, ask: float) -> str:
    """A quote's line, so many seconds after START."""
    time = rfc3339(START + int(at_s * SECOND))
    return json.dumps({"T": "q", "S": symbol, "bp": bid, "bs": 2, "ap": ask, "as": 3, "t": time})


def written(folder: Path, *lines: str) -> Path:
    """A tape of these lines."""
    path = folder / "tape.jsonl"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def real_tape() -> Path:
    """The recorded tape, or a skip where this checkout stands without it."""
    if not REAL.is_file():
        pytest.skip(f"no recorded tape at {REAL}")
    return REAL
