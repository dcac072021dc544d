"""Progress is a bar for a person, and a line now and then for a pipe."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

from tapecast.bench.progress import Bar, Lines, shown
from tests.support import HandClock


def test_lines_come_seldom() -> None:
    """At the begin of a phase, every five seconds, and at its end."""
    clock, said = HandClock(), list[str]()
    lines = Lines(said.append, clock.clock.now)
    for second in range(8):
        lines.show("opening", second, 8, f"{second} open")
        clock.advance(1)
    lines.show("opening", 8, 8, "8 open")
    lines.show("measuring", 0, 20, "")
    assert [line.partition(",")[0] for line in said] == [
        "opening: 0 of 8", "opening: 5 of 8", "opening: 8 of 8", "measuring: 0 of 20"
    ]  # fmt: skip


def test_a_terminal_gets_a_bar(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error."""
    with shown(print, is_terminal=True) as progress:
        assert isinstance(progress, Bar)
        progress.show("opening", 1, 2, "1 open")
        progress.show("opening", 2, 2, "2 open")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("is_terminal", [False, True])
def test_without_rich_or_a_terminal_there_are_lines(
    monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool
) -> None:
    """`rich` comes with an extra that a server has no need of."""
    real = builtins.__import__

    def without_rich(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("rich"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_rich)
    said = list[str]()
    with shown(said.append, is_terminal=is_terminal) as progress:
        progress.show("opening", 2, 2, "2 open")
    assert said == ["opening: 2 of 2, 2 open"]
