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


ACCOUNT = 'event: feed\ndata: {"feed":"alpaca","market":"account","state":"%s","reason":"%s"}\n\n'


def feed(state: str, reason: str = "") -> str:
    """The account's."""
    return ACCOUNT % (state, reason)


def positions_of(state: str) -> str:
    """The list: one."""
    return f'event: positions\ndata: {{"positions":[{{"symbol":"TSLA","qty":-2,"state":"{state}"}}]}}\n\n'


def position(state: str) -> str:
    """That one, anew."""
    return f'event: position\ndata: {{"symbol":"TSLA","qty":-2,"state":"{state}"}}\n\n'


def totals(state: str) -> str:
    """Of that one."""
    stale = "" if state == "live" else f'{{"symbol":"TSLA","state":"{state}"}}'
    return f'event: portfolio\ndata: {{"account":"PA1","equity":10011.00,"stale":[{stale}]}}\n\n'


def held(state: str) -> str:
    """An account with one position."""
    return positions_of(state) + totals(state)


async def looked(body: str, *symbols: str, positions: bool = False) -> tuple[bool, str]:
    """Whether all was current, and what was shown."""
    out = io.StringIO()
    async with serving(Answer(HELLO + body, holds=True)) as server:
        async with connect(server.url, symbols, positions=positions) as stream:
            console = Console(file=out, width=100)
            is_current = await once.show(
                stream, console, Output(1), wants_json=False, wants_positions=positions
            )
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


async def test_an_account_is_waited_for_and_judged() -> None:
    """True only if its feed is live and each position is current; the totals come behind both."""
    is_current, table = await looked(feed("live") + held("live"), positions=True)
    assert is_current
    assert "TSLA" in table
    assert "equity 10,011.00" in table
    is_current, table = await looked(feed("live") + held("stale"), positions=True)
    assert not is_current
    assert "1 not current" in table
    is_current, table = await looked(feed("failed", "auth_failed") + held("live"), positions=True)
    assert not is_current
    assert table.startswith("account failed: auth_failed\n")


async def test_totals_of_before_a_first_price_are_not_the_last() -> None:
    """A position is priced, and its totals are on the way."""
    late = totals("pending") + position("live") + totals("live")
    is_current, _ = await looked(feed("live") + positions_of("pending") + late, positions=True)
    assert is_current


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "account: not known yet"),
        ('event: feed\ndata: {"feed":"iex","market":"us_equity","state":"live"}\n\n', "account: not known"),
        (feed("reconnecting", "rest_unreachable"), "account reconnecting: rest_unreachable\naccount: not"),
        (feed("connecting") + held("live"), "account connecting\nequity 10,011.00"),
    ],
)
async def test_an_account_that_never_comes_is_not_current(
    body: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for, not for ever, and what is known of it is said."""
    monkeypatch.setattr(once, "WAIT_S", 0.2)
    is_current, table = await looked(body, positions=True)
    assert not is_current
    assert words in table


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
            await once.show(
                stream, Console(file=io.StringIO()), Output(writing), wants_json=True, wants_positions=False
            )
    os.close(writing)
    with os.fdopen(reading) as file:
        told = [json.loads(line) for line in file]
    assert [(line["event"], line["symbol"], line["state"]) for line in told] == [
        ("tick", "AAPL", "live"), ("symbol", "NOPE!", "refused"),
    ]  # fmt: skip


async def test_as_json_the_account_says_its_state() -> None:
    """Before its positions and totals."""
    reading, writing = os.pipe()
    async with serving(Answer(HELLO + feed("live") + held("live"), holds=True)) as server:
        async with connect(server.url, positions=True) as stream:
            console = Console(file=io.StringIO())
            assert await once.show(stream, console, Output(writing), wants_json=True, wants_positions=True)
    os.close(writing)
    with os.fdopen(reading) as file:
        assert [json.loads(line)["event"] for line in file] == ["feed", "position", "portfolio"]


async def test_a_failure_is_raised() -> None:
    """Within the time that it takes."""
    async with asyncio.timeout(20):
        async with connect(f"http://127.0.0.1:{free_port()}", ["AAPL"], patience_s=0) as stream:
            with pytest.raises(Unreachable):
                await once.show(
                    stream, Console(file=io.StringIO()), Output(1), wants_json=False, wants_positions=False
                )
