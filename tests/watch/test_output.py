"""Writing to a pipe never holds up the loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapecast.watch.output import Output


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Both ends of one."""
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


async def test_a_reader_that_sleeps_stops_the_writer_and_not_the_loop(pipe: tuple[int, int]) -> None:
    """A megabyte waits; the loop runs on; nothing is lost."""
    reading, writing = pipe
    line = os.urandom(1024 * 1024)
    task = asyncio.create_task(Output(writing).write(line))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not task.done()

    def read() -> bytes:
        found = b""
        while len(found) < len(line):
            found += os.read(reading, 65_536)
        return found

    assert await asyncio.to_thread(read) == line
    await task


async def test_nobody_reads_any_more(pipe: tuple[int, int]) -> None:
    """Told at once, as the shell's `head` wants it."""
    reading, writing = pipe
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        await Output(writing).write(b"line\n")


async def test_a_file_takes_all(tmp_path: Path) -> None:
    """It cannot be waited for."""
    path = tmp_path / "out"
    with path.open("wb") as file:
        await Output(file.fileno()).write(b"x" * 10_000)
        await Output(file.fileno()).write(b"\n")
    assert path.stat().st_size == 10_001
