"""The workers of one api, as one of them finds the others: a scrape reaches any, and answers for all.

Each listens on a Unix socket in a folder of their parent's, `<number>.<pid>.sock`, and answers whoever
connects with its own metrics. Whoever is asked by Prometheus asks the others, keeps what each said beside its
socket (`.prom`), and adds up. One that has ended, or does not answer in time, counts with what it said last.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from tapecast.api.deployment import ALIKE
from tapecast.api.exposition import counter, gauge
from tapecast.api.sums import add_up

ANSWER_S: Final = 1.0
"""A scrape has ten seconds; a worker whose loop is held for longer than this is worth counting."""
END: Final = b"# EOF\n"


class Siblings(Collector):
    """One worker's view of them all."""

    def __init__(self, folder: Path, number: int) -> None:
        self._folder = folder
        self._name = f"{number}.{os.getpid()}"
        self._own: Callable[[], bytes] = bytes
        # How often one did not answer in time.
        self._unheard = 0

    def answer_with(self, own: Callable[[], bytes]) -> None:
        """What to tell of ourselves."""
        self._own = own

    def collect(self) -> Iterator[Metric]:
        """Two more numbers of each worker."""
        yield gauge("workers", "Processes behind this answer.", 1)
        yield counter("workers_unheard", "Times that a worker did not answer another in time.", self._unheard)

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Answer the others for the length of the context."""
        path = self._path("sock")
        server = await asyncio.start_unix_server(self._answer, path)
        try:
            yield
        finally:
            server.close()
            # What was counted until now is the last that they hear of us.
            self._keep(self._name, self._own())
            path.unlink(missing_ok=True)

    async def gather(self) -> bytes:
        """The metrics of all workers."""
        others = [path.stem for path in self._folder.glob("*.sock") if path.stem != self._name]
        answers = dict(zip(others, await asyncio.gather(*map(self._ask, others)), strict=True))
        heard = {name: text for name, text in answers.items() if text is not None}
        self._unheard += len(others) - len(heard)
        heard[self._name] = self._own()
        for name, text in heard.items():
            self._keep(name, text)
        past = [self._past(path) for path in self._folder.glob("*.prom") if path.stem not in heard]
        # Parsing takes a millisecond for each: not on the loop that thousands of streams wait for.
        return await asyncio.to_thread(add_up, list(heard.values()), past, ALIKE)

    async def _ask(self, name: str) -> bytes | None:
        try:
            async with asyncio.timeout(ANSWER_S):
                reader, writer = await asyncio.open_unix_connection(self._path("sock", name))
                try:
                    text = await reader.read()
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return None
        # One that was killed in the middle of it has not said all.
        return text.removesuffix(END) if text.endswith(END) else None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                writer.write(self._own() + END)
                await writer.drain()
        writer.close()

    def _path(self, kind: str, name: str = "") -> Path:
        return self._folder / f"{name or self._name}.{kind}"

    def _past(self, path: Path) -> bytes:
        # The parent clears away those of long ago.
        with suppress(OSError):
            return path.read_bytes()
        return b""

    def _keep(self, name: str, text: bytes) -> None:
        # Read by any other at any moment: it is whole, or it is the one before.
        fresh = self._path("prom", name).with_suffix(f".{self._name}.new")
        with suppress(OSError):
            fresh.write_bytes(text)
            fresh.replace(self._path("prom", name))
