"""Workers that find one another in a folder, and tell what all of them have counted."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tapecast.api import siblings
from tapecast.api.folder import Folder
from tapecast.api.siblings import Siblings


class Worker:
    """One worker that counts."""

    def __init__(self, folder: Path, number: int) -> None:
        self.siblings = Siblings(folder, number)
        registry = CollectorRegistry()
        registry.register(self.siblings)
        self.writes = Counter("writes", "Writes.", registry=registry)
        self.siblings.answer_with(lambda: generate_latest(registry))

    async def told(self) -> dict[str, float]:
        """What it tells Prometheus."""
        text = (await self.siblings.gather()).decode()
        return {s.name: s.value for family in text_string_to_metric_families(text) for s in family.samples}


@pytest.fixture
async def folder() -> AsyncIterator[Path]:
    """The parent's folder. A short path: that of a Unix socket has a limit."""
    with TemporaryDirectory() as name:
        yield Path(name)


def list_of(folder: Path, pattern: str = "*") -> list[Path]:
    """What is in it."""
    return list(folder.glob(pattern))


@asynccontextmanager
async def workers(folder: Path, count: int) -> AsyncIterator[list[Worker]]:
    """So many that answer."""
    async with AsyncExitStack() as stack:
        made = [Worker(folder, number) for number in range(count)]
        for worker in made:
            await stack.enter_async_context(worker.siblings.answering())
        yield made


async def test_whichever_is_asked_tells_of_all(folder: Path) -> None:
    """Of three, and of one alone."""
    async with workers(folder, 3) as made:
        for number, worker in enumerate(made):
            worker.writes.inc(10**number)
        for worker in made:
            told = await worker.told()
            assert told["writes_total"] == 111
            assert told["tapecast_workers"] == 3
            assert told["tapecast_workers_unheard_total"] == 0
    alone = Worker(folder, 7)
    alone.writes.inc(1000)
    async with alone.siblings.answering():
        # The others have ended in order, and what they counted is not lost with them.
        told = await alone.told()
        assert (told["writes_total"], told["tapecast_workers"]) == (1111, 1)


async def test_who_was_killed_counts_with_what_it_said_last(folder: Path) -> None:
    """Its socket is still there, and nobody behind it."""
    async with workers(folder, 1) as (one,):
        other = Worker(folder, 1)
        async with other.siblings.answering():
            other.writes.inc(5)
            assert (await one.told())["writes_total"] == 5
        (folder / "1.99.sock").touch()
        told = await one.told()
        assert (told["writes_total"], told["tapecast_workers"]) == (5, 1)
        assert told["tapecast_workers_unheard_total"] == 1


@pytest.mark.parametrize("says", [b"", b"writes_total 5"])
async def test_who_does_not_answer_in_time_or_not_all_is_counted(
    folder: Path, says: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker whose loop is held, and one that is killed in the middle of a word."""
    monkeypatch.setattr(siblings, "ANSWER_S", 0.1)
    held = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(says)
        if not says:
            await held.wait()
        writer.close()

    async with workers(folder, 1) as (one,):
        (folder / "1.99.prom").write_bytes(b"# TYPE writes_total counter\nwrites_total 3.0\n")
        server = await asyncio.start_unix_server(answer, folder / "1.99.sock")
        told = await one.told()
        assert told["writes_total"] == 3
        assert told["tapecast_workers_unheard_total"] == 1
        held.set()
        server.close()
        await server.wait_closed()


async def test_many_may_ask_at_once(folder: Path) -> None:
    """Each gets all."""
    async with workers(folder, 3) as made:
        made[0].writes.inc(2)
        told = await asyncio.gather(*(worker.told() for worker in made for _ in range(5)))
        assert {one["writes_total"] for one in told} == {2}
    assert {path.suffix for path in list_of(folder)} == {".prom"}


async def test_what_it_tells_another_is_kept_before(folder: Path) -> None:
    """Killed the next moment, it counts with that: the other's sum does not fall."""
    async with workers(folder, 2) as (one, other):
        other.writes.inc(5)
        (socket,) = list_of(folder, "1.*.sock")
        reader, writer = await asyncio.open_unix_connection(socket)
        told = await reader.read()
        writer.close()
        (kept,) = list_of(folder, "1.*.prom")
        assert told == kept.read_bytes() + siblings.END
        assert not list_of(folder, "0.*.prom")
        # Whoever asks writes nothing of the others.
        other.writes.inc()
        assert (await one.told())["writes_total"] == 6
        kept.write_bytes(b"# TYPE writes_total counter\nwrites_total 9\n")
        socket.unlink()
        assert (await one.told())["writes_total"] == 9


async def test_a_full_disk_is_told_once_and_stops_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whose disk is full needs the numbers most."""
    errors = [OSError(28, "No space left on device")] * 2 + [None] + [OSError(28, "Full again")]

    def keep(self: Folder, name: str, text: bytes) -> None:
        if error := errors.pop(0) if errors else None:
            raise error

    monkeypatch.setattr(Folder, "keep", keep)
    async with workers(folder, 1) as (one,):
        one.writes.inc(3)
        for _ in range(4):
            assert (await one.told())["writes_total"] == 3
    said = [record.getMessage() for record in caplog.records]
    assert [text.partition(":")[0] for text in said] == ["worker_count_not_kept"] * 2
    assert "No space" in said[0]
    assert "Full again" in said[1]


async def test_a_folder_that_went_with_the_parent_is_no_trouble(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The last worker to end finds none."""
    async with workers(folder, 1):
        shutil.rmtree(folder)
    assert not caplog.records
