"""Running the load generator (`native/load`): one trial, and what it says."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from benchmarks.machine import core_times, cores
from benchmarks.processes import running
from benchmarks.tools import tool

ARRIVES = 0.99
"""A load holds if so much of it arrives ..."""
IN_TIME_MS = 250.0
"""... and 99 of 100 events are younger than this when they do."""


STORM_IN_FLIGHT = 1000
"""So many wait for an answer. More than a kernel's queue holds would measure how it doubles its retries."""


class Stalled(msgspec.Struct, frozen=True):
    """A client that did not read for a while, then did.

    What came before anything fresh; how old the first event was after the 64 KiB that may be in flight.
    """

    open: bool
    unread: int
    server_queue: int
    stale_bytes: int
    oldest_s: float
    drained: bool
    drained_age_s: float


class Result(msgspec.Struct, frozen=True):
    """One trial."""

    clients: int
    connected: int
    refused: int
    lost: int
    seconds: float
    events: int
    bytes: int
    server_cpu_s: float
    load_cpu_s: float
    p99_ms: float
    client_mean: float
    stalled: tuple[Stalled, ...] = ()
    load_core: float = 0.0
    """How busy the load's core was, 0 to 1: clients, publisher, Redis. Near 1, the load is what limits."""
    server_core: float = 0.0
    """The same of the server's core, where nobody else should be."""

    @property
    def rate(self) -> float:
        """Events a second, over all clients."""
        return self.events / self.seconds

    @property
    def neighbours(self) -> float:
        """The share of the server's core that was used, but not by the server: then the figure is too low."""
        return max(0.0, self.server_core - self.server_cpu_s / self.seconds)

    @property
    def cpu_us(self) -> float:
        """Processor time of the server for each event, in microseconds."""
        return self.server_cpu_s / self.events * 1e6 if self.events else float("inf")

    def arrived(self, offered_per_client: float) -> float:
        """The share of what was offered, in events a second and client."""
        return self.client_mean / (offered_per_client * self.seconds) if offered_per_client else 0.0

    def held(self, offered_per_client: float) -> bool:
        """Whether the server kept up."""
        return (
            self.connected == self.clients
            and self.arrived(offered_per_client) >= ARRIVES
            and self.p99_ms < IN_TIME_MS
        )


class Storm(msgspec.Struct, frozen=True):
    """All were cut and came back."""

    back: int
    clients: int
    all_s: float
    server_cpu_s: float


def trial(
    port: int,
    paths: Sequence[str],
    clients: int,
    pids: Sequence[int] = (),
    on_phase: Callable[[str], None] | None = None,
    **options: float | str,
) -> Result:
    """Connect so many clients, let them warm up, count. Raises Failed."""
    return msgspec.convert(_run(port, paths, clients, pids, on_phase or _unheard, options), Result)


def storm(port: int, paths: Sequence[str], clients: int, pids: Sequence[int], warm_s: float) -> Storm:
    """Cut all clients and let them come back at once. Raises Failed."""
    options: dict[str, float | str] = {"storm": 1, "warm": warm_s, "in_flight": STORM_IN_FLIGHT}
    return msgspec.convert(_run(port, paths, clients, pids, _unheard, options), Storm)


def _unheard(_: str) -> None:
    """For who wants to know nothing of phases."""


def _run(
    port: int,
    paths: Sequence[str],
    clients: int,
    pids: Sequence[int],
    on_phase: Callable[[str], None],
    options: dict[str, float | str],
) -> Any:
    with tempfile.NamedTemporaryFile("w", suffix=".paths") as file:
        file.write("\n".join(paths))
        file.flush()
        command = [tool("load"), "--port", str(port), "--clients", str(clients), "--paths", file.name]
        command += ["--pids", ",".join(map(str, pids))] if pids else []
        command += [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        with running(command, cores()[1], stdout=subprocess.PIPE) as child:
            times: dict[str, list[tuple[int, int]]] = {}
            while "phase" in (said := json.loads(child.line())):
                times[said["phase"]] = [core_times(core) for core in cores()]
                on_phase(said["phase"])
            return said | dict(zip(("server_core", "load_core"), _busy(times), strict=False))


def _busy(times: dict[str, list[tuple[int, int]]]) -> list[float]:
    """The share of each core's time that it was busy, while it was counted."""
    pairs = zip(times.get("begin", []), times.get("end", []), strict=False)
    return [(end[0] - begin[0]) / max(1, end[1] - begin[1]) for begin, end in pairs]
