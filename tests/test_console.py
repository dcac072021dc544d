"""Errors of ours are a line and an exit code; those that nobody foresaw keep their traceback."""

from __future__ import annotations

import pytest

from tapecast.console import told
from tapecast.errors import SettingsError, StartError, Stopped


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("PORT: must be a whole number"), 2),
        (StartError("port 80 cannot be had"), 1),
        (BaseExceptionGroup("of tasks", [ExceptionGroup("inner", [StartError("no Redis")])]), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_our_errors_are_a_line_and_a_code(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, without a traceback; a person who interrupts needs no line."""
    with pytest.raises(SystemExit) as ended, told():
        raise error
    assert ended.value.code == code
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == (0 if code == 130 else 1)
    assert said.err.startswith("tapecast: ") or code == 130


def test_who_is_stopped_before_the_start_has_not_failed() -> None:
    """Exit code 0."""
    with told():
        raise Stopped


def test_what_nobody_foresaw_is_raised() -> None:
    """Also out of a group."""
    with pytest.raises(ExceptionGroup), told():
        raise ExceptionGroup("of tasks", [RuntimeError("boom")])
