"""The loops over prices and bars, and what importing them costs."""

from __future__ import annotations

import subprocess
import sys
from contextlib import aclosing

import httpx
import pytest

import tapecast.client
from tapecast.client import Bars, BarUpdate, Tick, bars, prices
from tests.client.support import HELLO, LIVE, Answer, serving, tick

STALE = 'event: symbol\ndata: {"symbol":"AAPL","state":"stale","reason":"no_ingest"}\n\n'


async def first(url: str, count: int, *, stale: bool = False) -> list[float]:
    """The first prices there."""
    found: list[Tick] = []
    async with aclosing(prices(url, "AAPL", stale=stale)) as loop:
        async for each in loop:
            found.append(each)
            if len(found) == count:
                break
    return [each.price for each in found]


async def test_only_prices_that_may_be_believed_are_given() -> None:
    """One that turns live later is given then, and once; `stale` gives all."""
    body = HELLO + STALE + tick(1, 1) + LIVE + tick(2, 2) + STALE + tick(3, 3) + LIVE + tick(4, 4)
    pieces = [Answer("retry: 1\n\n" + body, holds=True)]
    async with serving(*pieces) as server:
        # All came in one piece: of what waited the newest is left.
        assert await first(server.url, 1) == [4]
    async with serving(Answer(HELLO + STALE + tick(1), holds=True)) as server:
        assert await first(server.url, 1, stale=True) == [1]
    late = "retry: 1\n\n" + HELLO + STALE + tick(1)
    async with serving(Answer(late), Answer(HELLO + LIVE + tick(1), holds=True)) as server:
        assert await first(server.url, 1) == [1]
        assert len(server.asked) == 2
    once = "retry: 1\n\n" + HELLO + LIVE + tick(1)
    async with serving(Answer(once), Answer(HELLO + LIVE + tick(1) + tick(2, 2), holds=True)) as server:
        assert await first(server.url, 2) == [1, 2]


async def test_bars_and_their_changes_are_given() -> None:
    """Nothing else."""
    of, bar = '"symbol":"AAPL","interval":"5m"', '"start":"2026-01-02T00:00:00Z","open":1,"epoch":1'
    body = (
        f'event: bars\ndata: {{{of},"history":"venue","bars":[{{{bar},"seq":1}}]}}\n\n'
        f'event: bar\ndata: {{{of},{bar},"seq":2}}\n\n'
    )
    async with serving(Answer(HELLO + LIVE + body, holds=True)) as server:
        async with aclosing(bars(server.url, ["AAPL"], "5m", limit=10)) as loop:
            assert [type(await anext(loop)), type(await anext(loop))] == [Bars, BarUpdate]
        assert server.targets == ["/stream/bars?symbols=AAPL&interval=5m&limit=10"]
    with pytest.raises(ValueError, match="2m"):
        await anext(bars("http://x", ["AAPL"], "2m"))


async def test_an_http_client_of_the_program_is_used_and_left_open() -> None:
    """With its headers."""
    async with serving(Answer(HELLO + LIVE + tick(1), holds=True)) as server:
        async with httpx.AsyncClient(headers={"X-Mine": "1"}) as http:
            async with aclosing(prices(server.url, "AAPL", http=http)) as loop:
                await anext(loop)
            assert not http.is_closed
        assert "x-mine: 1" in server.asked[0].lower()


def test_importing_it_loads_no_server() -> None:
    """Nor a Redis client, nor Alpaca's, nor a terminal library."""
    heavy = "{'redis', 'alpaca', 'pandas', 'starlette', 'uvicorn', 'pydantic', 'websockets', 'rich', 'click'}"
    code = (
        f"import sys, tapecast.client; ours = {{n for n in sys.modules if n.startswith('tapecast.')}};"
        f"print(sorted({heavy} & set(sys.modules)), sorted(n for n in ours if n.split('.')[1] not in "
        "{'client', 'market', 'bars', 'errors', 'clock', 'backoff', 'refusals'}))"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    # httpx's own command line may load click and rich where they are installed.
    assert shown.stdout.strip() in {"[] []", "['click'] []", "['click', 'rich'] []", "['rich'] []"}


def test_what_is_public_is_there() -> None:
    """And sorted out from what is not."""
    assert all(hasattr(tapecast.client, name) for name in tapecast.client.__all__)
