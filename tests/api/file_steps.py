"""Paths that say before each use of a file what comes, so that a test may stop there, or let it fail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from tests.support import PATIENCE_S

CHANGES = frozenset({"unlink", "write_bytes", "replace"})

_Path: Any = type(Path())


class StepPath(_Path):  # type: ignore[misc]
    """Calls `step` with the name of what it is about to do. A path made from it is one, too."""

    step: ClassVar[Callable[[str], None]] = staticmethod(lambda _: None)

    def iterdir(self) -> Iterator[Path]:
        type(self).step("iterdir")
        return iter(list(super().iterdir()))

    def read_bytes(self) -> bytes:
        type(self).step("read_bytes")
        found: bytes = super().read_bytes()
        return found

    def write_bytes(self, data: bytes) -> int:
        type(self).step("write_bytes")
        written: int = super().write_bytes(data)
        return written

    def replace(self, target: Path) -> Path:
        type(self).step("replace")
        replaced: Path = super().replace(target)
        return replaced

    def unlink(self, missing_ok: bool = False) -> None:
        type(self).step("unlink")
        super().unlink(missing_ok=missing_ok)


class Turns:
    """Two threads that take steps in this order: True is one of the other thread's."""

    def __init__(self, order: list[bool]) -> None:
        self._order = order
        self._turn = threading.Condition()
        self._holder: bool | None = None
        self._done: set[bool] = set()
        self._main = threading.current_thread()

    def step(self, name: str) -> None:
        """Wait for our turn, and keep it until the next step."""
        mine = threading.current_thread() is not self._main
        if mine and name not in CHANGES:
            return
        with self._turn:
            self._release(mine)
            assert self._turn.wait_for(lambda: self._is_next(mine), PATIENCE_S)
            if self._order and self._order[0] is mine:
                self._order.pop(0)
            self._holder = mine

    def done(self) -> None:
        """Of the calling thread: it takes no more."""
        mine = threading.current_thread() is not self._main
        with self._turn:
            self._done.add(mine)
            self._release(mine)

    def _release(self, mine: bool) -> None:
        if self._holder is mine:
            self._holder = None
        self._turn.notify_all()

    def _is_next(self, mine: bool) -> bool:
        is_ours = not self._order or self._order[0] is mine or (not mine) in self._done
        return self._holder is None and is_ours
