"""How far a run is: a bar in a terminal, else a plain line every few seconds.

On standard error, so that the report can be piped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

EVERY_S: Final = 5.0

Say = Callable[[str], None]


class Progress(Protocol):
    """Where to tell it."""

    def show(self, phase: str, done: float, of: float, detail: str) -> None:
        """So much of this phase is done."""


class Lines:
    """A line for each phase's begin and end, and one every EVERY_S between them."""

    def __init__(self, say: Say, now: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._now = now
        self._phase = ""
        self._due = 0.0

    def show(self, phase: str, done: float, of: float, detail: str) -> None:
        """If it is time, or all is done."""
        now = self._now()
        if phase == self._phase and now < self._due and done < of:
            return
        self._phase, self._due = phase, now + EVERY_S
        self._say(f"{phase}: {done:,.0f} of {of:,.0f}, {detail}")


class Bar:
    """`rich`'s, one for each phase."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._tasks: dict[str, Any] = {}

    def show(self, phase: str, done: float, of: float, detail: str) -> None:
        """Move it."""
        if phase not in self._tasks:
            self._tasks[phase] = self._bars.add_task(phase, total=of, detail=detail)
        self._bars.update(self._tasks[phase], completed=done, detail=detail)


@contextmanager
def shown(say: Say, *, is_terminal: bool) -> Iterator[Progress]:
    """For the length of a run."""
    if not is_terminal:
        yield Lines(say)
        return
    with _rich() as bars:
        yield Bar(bars)


def _rich() -> Any:
    from rich.console import Console  # noqa: PLC0415 - no other command is to wait for these
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description:>9}"), BarColumn(), TextColumn("{task.fields[detail]}"))
    return Progress(*columns, console=Console(stderr=True), transient=True)
