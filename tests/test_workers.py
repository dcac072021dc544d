"""The parent of an api's workers, with children that are no apis. Real ones are in `tests/e2e`."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tapecast import workers
from tapecast.api.folder import Folder
from tapecast.api.sums import add_up
from tapecast.errors import StartError
from tapecast.workers import Workers
from tests.support import eventually, free_socket

COUNTS = """
import os, pathlib, sys
name = f"{sys.argv[2]}.{os.getpid()}.prom"
pathlib.Path(sys.argv[1], name).write_text("# TYPE ends_total counter\\nends_total 1\\n")
"""
SERVES = """
import os, pathlib, signal, sys
folder = pathlib.Path(sys.argv[1])
(folder / f"{sys.argv[2]}.{os.getpid()}.sock").touch()
signal.signal(signal.SIGTERM, HANDLER)
while sys.stdin.buffer.read(1):
    pass
"""


class Parent(Workers):
    """One whose children run a script, and that remembers them."""

    script = ""
    folder = Path()

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.children: list[asyncio.subprocess.Process] = []

    async def _start(self, number: int, folder: Path, *, is_first: bool) -> asyncio.subprocess.Process:
        self.folder = folder
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", self.script, str(folder), str(number), stdin=asyncio.subprocess.PIPE
        )
        self.children.append(child)
        return child

    def sockets(self) -> set[str]:
        """Of those that serve."""
        return {path.name for path in self.folder.glob("*.sock")}


@asynccontextmanager
async def keeping(script: str) -> AsyncIterator[tuple[Parent, asyncio.Event, asyncio.Task[None]]]:
    """A parent of two, told to stop at the end, which must be in order."""
    stop = asyncio.Event()
    with free_socket() as sock:
        parent = Parent(2, sock, stop)
        parent.script = script
        running = asyncio.create_task(parent.run())
        try:
            yield parent, stop, running
        finally:
            stop.set()
            await asyncio.wait([running])
            for child in parent.children:
                assert child.returncode is not None


async def test_told_to_stop_it_tells_its_workers_and_waits() -> None:
    """And leaves no folder behind."""
    script = SERVES.replace("HANDLER", "lambda *_: sys.exit(0)")
    async with keeping(script) as (parent, stop, running):
        await eventually(lambda: len(parent.sockets()) == 2)
        stop.set()
        await running
        assert [child.returncode for child in parent.children] == [0, 0]
    assert not parent.folder.exists()


async def test_a_worker_that_ends_is_started_again(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody asks the dead one; what it had counted stays."""
    script = COUNTS + SERVES.replace("HANDLER", "lambda *_: sys.exit(0)")
    async with keeping(script) as (parent, _, _):
        await eventually(lambda: len(parent.sockets()) == 2)
        before = parent.sockets()
        parent.children[0].kill()
        await eventually(lambda: len(parent.children) == 3 and len(parent.sockets()) == 2)
        assert len(parent.sockets() & before) == 1
        files = {path.suffix for path in parent.folder.glob("*.*")}
        assert files == {".sock", ".prom", ".past"}
        assert len(list(parent.folder.glob("*.prom"))) == 2
    assert "worker_ended: 0, exit code -9" in caplog.text


async def test_a_worker_that_does_not_end_is_killed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Within the time that a platform leaves us."""
    monkeypatch.setattr(workers, "STOP_S", 0.2)
    script = SERVES.replace("HANDLER", "signal.SIG_IGN")
    async with keeping(script) as (parent, stop, running):
        await eventually(lambda: len(parent.sockets()) == 2)
        stop.set()
        await running
        assert [child.returncode for child in parent.children] == [-signal.SIGKILL] * 2
    assert "worker_killed" in caplog.text


async def test_workers_that_cannot_start_end_it() -> None:
    """They have said why; the others are ended."""
    async with keeping("raise SystemExit(2)") as (_, _, running):
        with pytest.raises(BaseExceptionGroup) as caught:
            await running
        (error, *_) = caught.value.exceptions
        assert isinstance(error, StartError)
        assert "exit code 2" in str(error)


async def test_what_ended_workers_had_counted_is_one_sum(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """However many have ended, and also after a file that makes no sense: that ends nobody."""
    monkeypatch.setattr(workers, "RESTART_S", (0.01, 0.01))
    async with keeping(COUNTS + "raise SystemExit(3)") as (parent, _, running):
        await eventually(lambda: len(parent.children) >= 5)
        (parent.folder / "0.1.prom").write_bytes(b"what{")
        await eventually(lambda: "worker_count_not_kept: of worker 0" in caplog.text)
        before = caplog.text.count("worker_ended")
        await eventually(lambda: caplog.text.count("worker_ended") > before + 2)
        assert not running.done()
        assert not (parent.folder / "0.1.prom").exists()
        _, past = Folder(parent.folder).counted({}, "")
        ended = caplog.text.count("worker_ended")
    # What is not in the sum is of the two that run now, and of the one whose neighbour made no sense.
    assert len(past) <= 4
    assert ended <= float(add_up([], past, {}).split()[-1]) <= ended + 2


async def test_a_folder_that_is_gone_does_not_end_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody has cleared away the temporary files: the streams of the others go on."""
    monkeypatch.setattr(workers, "RESTART_S", (0.01, 0.01))
    script = "import shutil, sys\nshutil.rmtree(sys.argv[1], ignore_errors=True)\nsys.exit(3)"
    async with keeping(script) as (parent, _, running):
        await eventually(lambda: len(parent.children) >= 5)
        assert not running.done()
    assert "worker_count_not_kept: of worker 0" in caplog.text
