"""Progress is a bar for a person, and a line now and then for a pipe."""

from __future__ import annotations

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


def test_without_a_terminal_there_are_lines() -> None:
    """A log has no use for a bar."""
    said = list[str]()
    with shown(said.append, is_terminal=False) as progress:
        progress.show("opening", 2, 2, "2 open")
    assert said == ["opening: 2 of 2, 2 open"]
