"""What a scenario asks of a server: start, be fed, and say where a watchlist is streamed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

Watchlist = tuple[str, ...]


@dataclass(frozen=True)
class Feed:
    """What is published: each symbol at this rate. `views`: a server that cannot coalesce is given frames."""

    symbols: Watchlist
    rate: float
    views: tuple[Watchlist, ...] = ()


class Stage(Protocol):
    """A server that runs."""

    @property
    def port(self) -> int:
        """Where clients connect."""

    def pids(self) -> list[int]:
        """Its processes."""

    def paths(self, lists: Sequence[Watchlist]) -> list[str]:
        """What to GET for each of these lists."""

    def fed(self, feed: Feed) -> AbstractContextManager[None]:
        """Publish in here."""


class Subject(Protocol):
    """A server that can be started."""

    @property
    def name(self) -> str:
        """As the table has it."""

    def missing(self) -> str:
        """Why it cannot be measured on this machine, or nothing."""

    def serving(self) -> AbstractContextManager[Stage]:
        """It runs in here."""
