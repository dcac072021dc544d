"""One stream, shown in the way that the output can take."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tapecast.client import UrlInvalid
from tapecast.watch import once, screen, session
from tapecast.watch.session import Options, watch
from tests.client.support import HELLO, LIVE, Answer, serving, tick


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which way was taken; it ends at once."""
    taken: list[str] = []

    def way(name: str) -> object:
        async def take(*_: object, **__: object) -> bool:
            taken.append(name)
            return True

        return take

    monkeypatch.setattr(session, "_listed", way("lines"))
    monkeypatch.setattr(screen, "show", way("screen"))
    monkeypatch.setattr(once, "show", way("once"))
    return taken


def console(*, is_terminal: bool, term: str = "xterm") -> Console:
    """A terminal, or none."""
    return Console(file=io.StringIO(), force_terminal=is_terminal, _environ={"TERM": term})


@pytest.mark.parametrize(
    ("shown", "options", "way"),
    [
        (console(is_terminal=True), {}, "screen"),
        (console(is_terminal=False), {}, "lines"),
        (console(is_terminal=True, term="dumb"), {}, "lines"),
        (console(is_terminal=True), {"json": True}, "lines"),
        (console(is_terminal=True), {"once": True}, "once"),
    ],
)
async def test_a_terminal_gets_a_table_and_a_pipe_lines(
    shown: Console, options: dict[str, bool], way: str, ways: list[str]
) -> None:
    """No games with the cursor where there is none."""
    async with serving(Answer(HELLO + LIVE + tick(1), holds=True)) as server:
        assert await watch(Options(("AAPL",), server.url, **options), shown)  # type: ignore[arg-type]
    assert ways == [way]


async def test_what_was_asked_for_is_sent(ways: list[str]) -> None:
    """And a bad address is told before anything is."""
    async with serving(Answer(HELLO, holds=True)) as server:
        options = Options(("AAPL",), server.url, ticket="t", token="s", positions=True, interval=100)
        await watch(options, console(is_terminal=False))
    with pytest.raises(UrlInvalid):
        await watch(Options(("AAPL",), "localhost"), console(is_terminal=False))
    assert ways == ["lines"]
