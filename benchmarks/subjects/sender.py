"""The limit: a C loop of send(), with one symbol for everybody."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.machine import cores, no_compiler
from benchmarks.processes import Child, running
from benchmarks.subjects.base import Feed, Watchlist
from benchmarks.tools import tool


@dataclass
class SenderStage:
    """It serves only while it is fed: publishing is what it does."""

    batch: int
    port: int = 0
    children: list[Child] = field(default_factory=list)

    def pids(self) -> list[int]:
        """The process."""
        return [pid for child in self.children for pid in child.pids()]

    def paths(self, lists: Sequence[Watchlist]) -> list[str]:
        """It looks at none."""
        return ["/"] * len(lists)

    @contextmanager
    def fed(self, feed: Feed) -> Iterator[None]:
        """Start it at this rate."""
        command = [tool("sender"), "--rate", str(feed.rate), "--batch", str(self.batch)]
        with running(command, cores()[0], stdout=subprocess.PIPE) as child:
            self.port = json.loads(child.line())["port"]
            self.children = [child]
            yield


@dataclass(frozen=True)
class Sender:
    """The subject. `batch`: ticks in a frame."""

    name: str
    batch: int = 1

    def missing(self) -> str:
        """It needs a compiler."""
        return no_compiler()

    @contextmanager
    def serving(self) -> Iterator[SenderStage]:
        """See `SenderStage.fed`."""
        yield SenderStage(self.batch)


BATCH = 20
SENDER = Sender("C loop of send()")
CEILING_SINGLE = Sender("fed by the C loop, an event in a frame")
CEILING_BATCHED = Sender(f"fed by the C loop, {BATCH} events in a frame", batch=BATCH)
