"""The whole picture, and its loop."""

from __future__ import annotations

import asyncio
import io
from decimal import Decimal

import pytest
from rich.console import Console

from tapecast.client import Feed, FeedState, Forbidden, Portfolio, Position, Positions, connect
from tapecast.client.stream import Stream
from tapecast.clock import Clock
from tapecast.watch.screen import Screen, show
from tests.client.support import HELLO as HELLO_TEXT
from tests.client.support import LIVE as LIVE_TEXT
from tests.client.support import Answer, serving
from tests.client.support import tick as tick_text
from tests.support import HandClock, eventually
from tests.watch.support import HELLO, LIVE, STOCKS, heard, shown, tick

MANY = tuple(f"S{number}" for number in range(30))
ACCOUNT = (
    Feed("alpaca", "account", FeedState.LIVE),
    Positions([Position(symbol, qty=Decimal(1)) for symbol in MANY[:10]]),
    Portfolio(equity=Decimal(1)),
)


def picture(stream: Stream, width: int, height: int) -> list[str]:
    """What the terminal would show."""
    screen = Screen(stream, "http://127.0.0.1:8000", HandClock().clock)
    return shown(screen.picture(width, height), width)


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("height", [8, 24, 60])
def test_it_fits(width: int, height: int) -> None:
    """Prices alone, the account alone, and both."""
    for stream in (
        heard(HELLO, STOCKS, symbols=MANY),
        heard(HELLO, *ACCOUNT, symbols=()),
        heard(HELLO, STOCKS, *ACCOUNT, symbols=MANY),
    ):
        lines = picture(stream, width, height)
        assert len(lines) <= height
        assert all(len(line) <= width for line in lines)


def test_the_account_has_its_share_of_a_small_screen() -> None:
    """Beside more symbols than there are rows."""
    lines = picture(heard(HELLO, STOCKS, *ACCOUNT, symbols=MANY), 80, 24)
    assert any(line.startswith("SYMBOL") for line in lines)
    assert any(line.startswith("equity") for line in lines)
    assert sum(" more" in line for line in lines) == 2


def test_symbols_come_first_on_a_tiny_screen() -> None:
    """Then the totals; positions only where there is room for one."""
    lines = picture(heard(HELLO, STOCKS, *ACCOUNT, symbols=MANY[:12]), 80, 10)
    assert [line.split()[:1] for line in lines[3:8]] == [["SYMBOL"], ["S0"], ["S1"], ["S2"], ["…"]]
    assert lines[9].startswith("equity")
    assert picture(heard(HELLO, STOCKS, *ACCOUNT, symbols=MANY), 80, 5)[-1].split()[0] == "S0"


def test_a_large_screen_shows_all() -> None:
    """Nothing is counted away."""
    lines = picture(heard(HELLO, STOCKS, LIVE, tick(), *ACCOUNT, symbols=("AAPL", *MANY)), 80, 60)
    assert not any(" more" in line for line in lines)


async def test_it_is_drawn_again_when_something_is_new() -> None:
    """And the failure that ends the stream ends it, with the cursor shown again."""
    out = io.StringIO()
    console = Console(file=out, width=80, height=20, force_terminal=True)
    answers = [Answer("retry: 1\n\n" + HELLO_TEXT + LIVE_TEXT + tick_text(271.5)), Answer(status="403 No")]
    async with serving(*answers) as server:
        async with connect(server.url, ["AAPL"]) as stream:
            with pytest.raises(Forbidden):
                await show(stream, server.url, console, Clock())
    assert "271.50" in out.getvalue()
    assert out.getvalue().count("\x1b[?25h") == 1


async def test_what_cannot_be_written_leaves_no_hidden_cursor() -> None:
    """However bad what it was."""
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, "ascii"), width=80, height=20, force_terminal=True)
    async with serving(Answer(HELLO_TEXT, holds=True)) as server:
        async with connect(server.url, ["Ä"]) as stream:
            with pytest.raises(UnicodeEncodeError):
                await show(stream, server.url, console, Clock())
    assert raw.getvalue().endswith(b"\x1b[?25h\x1b[?1049l")


async def test_it_can_be_cancelled() -> None:
    """By Ctrl-C: the terminal is as it was."""
    out = io.StringIO()
    console = Console(file=out, width=80, height=20, force_terminal=True)
    async with serving(Answer(HELLO_TEXT, holds=True)) as server:
        async with connect(server.url, ["AAPL"]) as stream:
            task = asyncio.create_task(show(stream, server.url, console, Clock()))
            await eventually(lambda: "CONNECTING" in out.getvalue(), "a picture")
            task.cancel()
            await asyncio.wait([task])
    assert out.getvalue().endswith("\x1b[?1049l")
