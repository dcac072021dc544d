"""The Python client and a real server understand each other."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tapecast.client import (
    Bars,
    BarUpdate,
    Event,
    Order,
    OrderUpdate,
    Portfolio,
    Position,
    Refused,
    SymbolState,
    Unauthorized,
    bars,
    connect,
    prices,
)
from tapecast.client.events import NAMES
from tests.client.support import until
from tests.e2e.processes import serving, streaming
from tests.support import eventually

pytestmark = pytest.mark.e2e

LEFT_OUT = {"at", "event_id", "order_type", "source", "subtag", "bars"}
"""What the server may send beside what the client has a name for. A new field needs a decision."""


async def test_it_has_a_name_for_every_field(simulated: str) -> None:
    """Of every event of a server that shows all there is."""
    path = f"{simulated}/stream"
    params = {"prices": "AAPL,NOPE!", "positions": "1", "status": "1"}
    async with streaming(path, **params) as stream:
        await eventually(
            lambda: {e.event for e in stream.events} >= NAMES.keys() - {"bars", "bar", "bye"}, "all"
        )
    for event in stream.events:
        assert not unnamed(json.loads(event.data or "{}"), NAMES[event.event]), event.data


def unnamed(sent: dict[str, Any], kind: type[msgspec.Struct]) -> set[str]:
    """Fields that the client has no name for, those of orders and positions inside included."""
    missing = sent.keys() - set(kind.__struct_fields__) - LEFT_OUT
    for name, inner in (("order", Order), ("orders", Order), ("positions", Position)):
        found = sent.get(name, [])
        for each in [found] if isinstance(found, dict) else found:
            missing |= unnamed(each, inner)
    return missing


async def test_prices_and_account(simulated: str) -> None:
    """Live, typed, and with the digits of money."""
    async with aclosing(prices(simulated, "AAPL,BTC/USD")) as loop:
        seen = {(await anext(loop)).symbol for _ in range(10)}
    assert seen == {"AAPL", "BTC/USD"}
    async with connect(simulated, ["AAPL", "NOPE!"], positions=True, status=True) as stream:
        # The demo trader places one every few seconds.
        await until(stream, OrderUpdate)
        await until(stream, Portfolio)
        assert stream.is_current("AAPL")
        assert stream.states["NOPE!"].state is SymbolState.REFUSED
        assert stream.portfolio is not None
        assert stream.portfolio.equity is not None
        assert stream.orders
        assert stream.status is not None
        assert stream.positions["AAPL"].qty
        assert stream.feeds["account"].simulated
        age_s = stream.age_s("AAPL")
        assert age_s is not None
        assert age_s < 10


def examples() -> list[str]:
    """The programs of docs/python.md; one that is a piece of a coroutine is put into one."""
    text = (Path(__file__).parents[2] / "docs" / "python.md").read_text("utf-8")
    programs = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(programs) == 2
    piece = "\n".join(f"    {line}" for line in programs[1].splitlines())
    return [programs[0], f"import asyncio\nasync def main():\n{piece}\nasyncio.run(main())"]


@pytest.mark.parametrize("program", examples(), ids=["prices", "everything"])
async def test_the_examples_of_the_page_run(program: str, simulated: str) -> None:
    """As they stand there, with another address."""
    code = program.replace("http://127.0.0.1:8000", simulated)
    assert code != program
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", "-c", code, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            while not (line := await process.stdout.readline()).startswith(b"AAPL "):
                assert line, await process.communicate()
    finally:
        process.kill()
        await process.communicate()


async def test_bars(simulated: str) -> None:
    """History first, then the bar that forms."""
    found: list[Event] = []
    async with aclosing(bars(simulated, ["BTC/USD"], "1s")) as loop:
        async for event in loop:
            found.append(event)
            if isinstance(event, BarUpdate):
                break
    assert isinstance(found[0], Bars)
    assert found[0].symbol == "BTC/USD"


async def test_what_is_no_symbol_at_all_is_refused(simulated: str) -> None:
    """By the server's own word."""
    with pytest.raises(Refused) as caught:
        await anext(prices(simulated, ["NOPE!"]))
    assert caught.value.code == "symbol_invalid"


async def test_a_server_that_wants_a_token(valkey_url: str) -> None:
    """By a token, by a ticket, and by neither."""
    token = "0123456789abcdef0123456789abcdef"
    async with serving("api", env={"REDIS_URL": valkey_url, "API_TOKEN": token}) as api:
        async with httpx.AsyncClient(base_url=api.base, headers={"Authorization": f"Bearer {token}"}) as http:
            answer = (await http.post("/tickets", json={"symbols": ["AAPL"]})).json()

        async def mint() -> str:
            return str(answer["ticket"])

        for credentials in ({"token": token}, {"ticket": mint}):
            async with connect(api.base, ["AAPL"], **credentials) as stream:
                await eventually(lambda: stream.hello, "hello")
        with pytest.raises(Unauthorized):
            await anext(prices(api.base, ["AAPL"]))
