"""The workers of one api, as one of them finds the others: a scrape reaches any, and answers for all.

Each listens on a Unix socket in a folder of their parent's (`folder.py`), and answers whoever connects with
its own metrics, which it has written there before. Whoever is asked by Prometheus asks the others and adds
up. One that has ended, or does not answer in time, counts with what it wrote last.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from tapecast.api.deployment import ALIKE
from tapecast.api.exposition import counter, gauge
from tapecast.api.folder import Folder
from tapecast.api.sums import add_up

ANSWER_S: Final = 1.0
"""A scrape has ten seconds; a worker whose loop is held for longer than this is worth counting."""
END: Final = b"# EOF\n"

logger = logging.getLogger(__name__)


class Siblings(Collector):
    """One worker's view of them all."""

    def __init__(self, folder: Path, number: int) -> None:
        self._folder = Folder(folder)
        self._name = f"{number}.{os.getpid()}"
        self._own: Callable[[], bytes] = bytes
        # How often one did not answer in time.
        self._unheard = 0
        # Our last try to keep what we count failed.
        self._is_lossy = False

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
        path = self._folder.socket(self._name)
        server = await asyncio.start_unix_server(self._answer, path)
        try:
            yield
        finally:
            server.close()
            # What was counted until now is the last that they hear of us.
            self._tell()
            path.unlink(missing_ok=True)

    async def gather(self) -> bytes:
        """The metrics of all workers. Raises OSError and ValueError: without an answer no sum has fallen."""
        others = sorted(self._folder.names() - {self._name})
        answers = dict(zip(others, await asyncio.gather(*map(self._ask, others)), strict=True))
        heard = {name: text for name, text in answers.items() if text is not None}
        self._unheard += len(others) - len(heard)
        heard[self._name] = self._tell()
        # Reading and parsing take milliseconds: not on the loop that thousands of streams wait for.
        return await asyncio.to_thread(self._add_up, heard)

    def _add_up(self, heard: Mapping[str, bytes]) -> bytes:
        return add_up(*self._folder.counted(heard, self._name), ALIKE)

    def _tell(self) -> bytes:
        """Our own, which is kept before anybody hears it."""
        text = self._own()
        try:
            self._folder.keep(self._name, text)
        except FileNotFoundError:
            # The folder has gone with the parent: nobody will ask for it.
            pass
        except OSError as error:
            if not self._is_lossy:
                logger.warning("worker_count_not_kept: %s", error)
            self._is_lossy = True
        else:
            self._is_lossy = False
        return text

    async def _ask(self, name: str) -> bytes | None:
        try:
            async with asyncio.timeout(ANSWER_S):
                reader, writer = await asyncio.open_unix_connection(self._folder.socket(name))
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
                writer.write(self._tell() + END)
                await writer.drain()
        writer.close()
