"""The first image, and the end."""

from __future__ import annotations

import asyncio
import io
import json
import os

import pytest
from rich.console import Console

from tapecast.client import Unreachable, connect
from tapecast.watch import once
from tapecast.watch.output import Output
from tests.client.support import HELLO, LIVE, Answer, serving, tick
from tests.support import free_port

STALE = 'event: symbol\ndata: {"symbol":"AAPL","state":"stale","reason":"no_ingest"}\n\n'
REFUSED = 'event: symbol\ndata: {"symbol":"NOPE!","state":"refused","reason":"symbol_invalid"}\n\n'


async def looked(body: str, *symbols: str) -> tuple[bool, str]:
    """Whether all was current, and what was shown."""
    out = io.StringIO()
    async with serving(Answer(HELLO + body, holds=True)) as server:
        async with connect(server.url, symbols) as stream:
            console = Console(file=out, width=100)
            is_current = await once.show(stream, console, Output(1), wants_json=False)
    return is_current, out.getvalue()


async def test_it_ends_when_each_symbol_has_a_price_or_none() -> None:
    """True only if each is current."""
    is_current, table = await looked(LIVE + tick(271.5), "AAPL")
    assert is_current
    assert "271.50" in table
    is_current, table = await looked(LIVE + tick(271.5) + REFUSED, "AAPL", "NOPE!")
    assert not is_current
    assert "symbol_invalid" in table
    is_current, table = await looked(STALE + tick(271.5), "AAPL")
    assert not is_current
    assert "STALE" in table


async def test_it_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has come by then is shown."""
    monkeypatch.setattr(once, "WAIT_S", 0.2)
    is_current, table = await looked(LIVE + tick(271.5), "AAPL", "MSFT")
    assert not is_current
    assert "271.50" in table
    assert "pending" in table


async def test_as_json_each_symbol_is_a_line() -> None:
    """With a price or without."""
    reading, writing = os.pipe()
    async with serving(Answer(HELLO + LIVE + tick(271.5) + REFUSED, holds=True)) as server:
        async with connect(server.url, ["AAPL", "NOPE!"]) as stream:
            await once.show(stream, Console(file=io.StringIO()), Output(writing), wants_json=True)
    os.close(writing)
    with os.fdopen(reading) as file:
        told = [json.loads(line) for line in file]
    assert [(line["event"], line["symbol"], line["state"]) for line in told] == [
        ("tick", "AAPL", "live"), ("symbol", "NOPE!", "refused"),
    ]  # fmt: skip


async def test_a_failure_is_raised() -> None:
    """Within the time that it takes."""
    async with asyncio.timeout(20):
        async with connect(f"http://127.0.0.1:{free_port()}", ["AAPL"], patience_s=0) as stream:
            with pytest.raises(Unreachable):
                await once.show(stream, Console(file=io.StringIO()), Output(1), wants_json=False)
