"""Processes of a run: pinned to a core, ended with their context, and ended with us if we are killed."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

ROOT: Final = Path(__file__).resolve().parent.parent
STOP_S: Final = 5.0
_PR_SET_PDEATHSIG: Final = 1
_libc = ctypes.CDLL(None)


class Failed(Exception):
    """A process did not start, or a trial gave no result; with its last words."""

    @property
    def last_line(self) -> str:
        """The line of a traceback that says what it was."""
        return (str(self).splitlines() or ["?"])[-1]


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """What is started inside of this context stays on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def running(
    command: Sequence[str], core: int, env: Mapping[str, str] | None = None, stdout: int = subprocess.DEVNULL
) -> Iterator[Child]:
    """A process group on one core."""
    with tempfile.TemporaryFile() as errors:
        with on_core(core):
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=errors,
                # Not here: the api would read a `.env` of ours.
                cwd="/",
                env={**_environment(), **(env or {})},
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - this program has one thread
            )
        try:
            yield Child(child, errors)
        finally:
            _stop(child)


def _environment() -> dict[str, str]:
    """Ours without the settings of a tapecast: a developer's API_TOKEN would turn every client away."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LOG_LEVEL") if name in os.environ}
    return kept | {"PYTHONPATH": str(ROOT)}


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.stdout is not None:
        child.stdout.close()
    if child.poll() is None:
        child.terminate()
    try:
        child.wait(STOP_S)
    except subprocess.TimeoutExpired:
        pass
    finally:
        # Its workers too: a master that was killed leaves them.
        _kill_group(child.pid)
        child.wait(STOP_S)


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


class Child:
    """A running process, and what /proc knows of it."""

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        self.process = process
        self._errors = errors

    def line(self) -> bytes:
        """The next line of its output. Raises Failed at its end."""
        assert self.process.stdout is not None
        line: bytes = self.process.stdout.readline()
        if not line:
            raise Failed(self.last_words())
        return line

    def last_words(self) -> str:
        """The end of what it wrote as errors."""
        self._errors.seek(0)
        return self._errors.read()[-600:].decode(errors="replace").strip() or "ended without a word"

    def pids(self) -> list[int]:
        """Of the process and of all below it."""
        return descendants(self.process.pid)

    def wait_for(self, is_up: Callable[[], bool], limit_s: float = 15.0) -> None:
        """Wait until it is up. Raises Failed."""
        deadline = time.monotonic() + limit_s
        while not is_up():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Failed(self.last_words())
            time.sleep(0.02)


def descendants(pid: int) -> list[int]:
    """A process and its children, theirs too."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text(encoding="ascii").split():
            found += descendants(int(child))
    return found


def memory_kib(pids: Sequence[int]) -> int:
    """Memory of processes; what they share with each other is counted once, libraries are not.

    Libraries are shared with every other Python of the machine: their share shrinks when one more starts.
    """
    total = 0
    for pid in pids:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        sizes = dict(line.split(":", 1) for line in rollup.splitlines()[1:])
        total += sum(int(sizes[kind].split()[0]) for kind in ("Pss_Anon", "Pss_Shmem"))
    return total


def cpu_s(pids: Sequence[int]) -> float:
    """User and system time that processes have used."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port of this machine that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
