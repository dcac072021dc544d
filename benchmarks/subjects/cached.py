"""The servers behind Redis: tapecast, and the usual answers on the same stack."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.machine import cores, no_redis, redis_server
from benchmarks.processes import Child, Failed, answers, free_port, running
from benchmarks.subjects.base import Feed, Watchlist

Command = Callable[[int, str], list[str]]


@contextmanager
def redis() -> Iterator[str]:
    """A Redis of our own on the load's core; its URL."""
    program, port = redis_server(), free_port()
    if program is None:
        raise Failed(no_redis())
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with running(command, cores()[1]) as child:
        child.wait_for(lambda: answers(port))
        yield f"redis://127.0.0.1:{port}/0"


@dataclass(frozen=True)
class CachedStage:
    """A server that reads Redis."""

    child: Child
    port: int
    redis_url: str
    path: str

    def pids(self) -> list[int]:
        """Its processes."""
        return self.child.pids()

    def paths(self, lists: Sequence[Watchlist]) -> list[str]:
        """The stream of each list."""
        return [f"{self.path}?symbols={','.join(symbols)}" for symbols in lists]

    @contextmanager
    def fed(self, feed: Feed) -> Iterator[None]:
        """Ticks through the bus."""
        command = [sys.executable, "-m", "benchmarks.publishers.redis", self.redis_url]
        command += [str(feed.rate), ",".join(feed.symbols)]
        with running(command, cores()[1], stdout=subprocess.PIPE) as publisher:
            publisher.line()
            yield


@dataclass(frozen=True)
class CachedSubject:
    """One way to serve what is in Redis."""

    name: str
    path: str
    command: Command

    def missing(self) -> str:
        """It needs a Redis."""
        return no_redis()

    @contextmanager
    def serving(self) -> Iterator[CachedStage]:
        """It and its Redis."""
        port = free_port()
        with (
            redis() as url,
            running(self.command(port, url), cores()[0], {"REDIS_URL": url}) as child,
        ):
            child.wait_for(lambda: answers(port))
            yield CachedStage(child, port, url, self.path)


def _module(*words: str) -> list[str]:
    return [sys.executable, "-m", *words]


_WITHOUT = """
from tapecast import process
process.spare_collections = lambda: None
from tapecast.cli import main
main()
"""
TAPECAST = CachedSubject(
    "tapecast",
    "/stream/prices",
    lambda port, _: _module("tapecast", "api", "--host", "127.0.0.1", "--port", str(port)),
)
COLLECTED = CachedSubject(
    "tapecast, collector as it comes",
    TAPECAST.path,
    lambda port, _: [
        sys.executable, "-c", _WITHOUT, "api", "--host", "127.0.0.1", "--port", str(port)
    ],
)  # fmt: skip
POLL = CachedSubject(
    "poll per client",
    "/stream",
    # Four polls a second: what such services are seen to use, and what a person takes for live.
    lambda port, url: _module("benchmarks.peers.polling", str(port), url, "250"),
)
QUEUED = CachedSubject(
    "sse-starlette, a queue per client",
    "/stream",
    lambda port, url: _module("benchmarks.peers.queued", str(port), url),
)
