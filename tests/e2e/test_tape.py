"""A recorded tape through the local Alpaca and the whole pipe: in order, and with no last value lost."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tapecast.market import parse_rfc3339, rfc3339
from tapecast.simulator.config import SimulatorConfig
from tests.e2e.pipe import pipe
from tests.e2e.processes import Stream, streaming
from tests.support import eventually

pytestmark = pytest.mark.e2e

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "btcusd_2021-01-08.jsonl"
START_NS = parse_rfc3339("2021-01-08T15:00:00Z")
MANY = [f"{first}{second}/USD" for first in "ABCDE" for second in "VWXYZ"]


def many_symbols(path: Path) -> Path:
    """A tape of 25 symbols: for ten seconds all trade and are quoted again and again, at their own prices."""
    lines = []
    for step in range(2_000):
        symbol, at = MANY[step % len(MANY)], rfc3339(START_NS + step * 5_000_000)
        lines.append(
            {"T": "t", "S": symbol, "p": 10.0 + step / 100, "s": 1.0, "t": at, "i": step + 1, "tks": "B"}
        )
        lines.append(
            {
                "T": "q",
                "S": symbol,
                "bp": 9.0 + step / 100,
                "bs": 1,
                "ap": 11.0 + step / 100,
                "as": 2,
                "t": at,
            }
        )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def lasts(path: Path) -> dict[str, dict[str, Any]]:
    """What each symbol's last tick must say."""
    found: dict[str, dict[str, Any]] = {}
    for line in path.read_text("utf-8").splitlines():
        message = json.loads(line)
        end = found.setdefault(message["S"], {})
        if message["T"] == "t":
            end |= {"price": message["p"], "timestamp": rfc3339(parse_rfc3339(message["t"]))}
        else:
            end |= {"bid": message["bp"], "ask": message["ap"]}
    return found


def ends(stream: Stream, symbol: str) -> dict[str, Any]:
    """What the last tick of a symbol says."""
    ticks = stream.ticks(symbol)
    return {name: ticks[-1].get(name) for name in ("price", "timestamp", "bid", "ask")} if ticks else {}


async def over(stream: Stream, symbol: str, end: dict[str, Any]) -> None:
    """Wait until the last tick of a symbol says this."""
    await eventually(
        lambda: ends(stream, symbol) == end, lambda: f"{symbol} ends on {end}, not {ends(stream, symbol)}"
    )


async def every_client_ends_on_the_last_price(tape: Path, speed: float, valkey_url: str) -> None:
    """One client as fast as it goes, one that wants a frame every quarter of a second."""
    expected = lasts(tape)
    config = SimulatorConfig(tape=tape, speed=speed, symbol_limit=100)
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(pipe(valkey_url, config, SYMBOL_LIMIT="100"))
        url, asked = f"{running.base}/stream/prices", ",".join(expected)
        streams = [
            await stack.enter_async_context(streaming(url, symbols=asked, interval=interval))
            for interval in ("0", "250")
        ]
        for stream in streams:
            for symbol, end in expected.items():
                await over(stream, symbol, end)
                ticks = stream.ticks(symbol)
                order = [(tick["epoch"], tick["seq"]) for tick in ticks]
                assert order == sorted(set(order))
                traded = [parse_rfc3339(tick["timestamp"]) for tick in ticks]
                assert traded == sorted(traded)
        fast, slow = ([len(stream.ticks(symbol)) for symbol in expected] for stream in streams)
        assert sum(fast) > sum(slow), "the slow one got fewer, and the same last ones"


async def test_the_recorded_tape_at_fifty_times(valkey_url: str) -> None:
    """Two thousand real trades of forty-seven seconds, in one."""
    if not RECORDED.is_file():
        pytest.skip(f"no recorded tape at {RECORDED}")
    await every_client_ends_on_the_last_price(RECORDED, 50.0, valkey_url)


async def test_many_symbols_at_fifty_times(valkey_url: str, tmp_path: Path) -> None:
    """Conflation loses no symbol's last value."""
    await every_client_ends_on_the_last_price(many_symbols(tmp_path / "many.jsonl"), 50.0, valkey_url)
