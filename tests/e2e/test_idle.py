"""Thousands of connections that ask for nothing: they are gone in time, and nobody else is any the worse."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from statistics import median, quantiles

import pytest

from tapecast.api.protocol import HEAD_S
from tapecast.api.waiting import MOST
from tapecast.process import allow_files
from tests.e2e.idlers import Listener, idling, listening
from tests.e2e.kernel import descriptors, needs_proc
from tests.e2e.processes import Child, status
from tests.e2e.ticker import Ticker
from tests.e2e.wire import wire
from tests.stalls import stalls
from tests.support import eventually

pytestmark = [pytest.mark.e2e, needs_proc]

SYMBOLS = ("AAPL",)
TICK_S = 0.02
CALM_S = 1.5
LATE_S = 5.0
"""How much later than they should those connections may be gone, on a machine that has other things to do."""
PROBE_S = 1.0
"""After so long most platforms take a health check for failed."""
LATE_MS = 250.0
"""How old one tick in a hundred may be, on two cores that have other things to do. Measured: 8 to 20."""


@asynccontextmanager
async def _every(seconds: float, deed: Callable[[], object]) -> AsyncIterator[None]:
    async def repeat() -> None:
        while True:
            await deed()  # type: ignore[misc]
            await asyncio.sleep(seconds)

    task = asyncio.create_task(repeat())
    try:
        yield
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.wait([task])


class Phase:
    """What others had while something went on."""

    def __init__(self, api: Child, listener: Listener) -> None:
        self._api = api
        self._listener = listener
        self._before = len(listener.ages_ms)
        self._after: int | None = None
        self._health_ms: list[float] = []

    async def look(self) -> None:
        """A health check on a connection of its own."""
        began = time.monotonic()
        async with wire(self._api.base, "/healthz") as probe:
            await probe.until(lambda: probe.complete)
        assert probe.status == 200
        self._health_ms.append(1000 * stalls.ran_s(began))

    @property
    def ages_ms(self) -> list[float]:
        """How old the ticks were."""
        return self._listener.ages_ms[self._before : self._after]

    def close(self) -> None:
        """What comes now is of the next one."""
        self._after = len(self._listener.ages_ms)

    @property
    def health_s(self) -> float:
        """The slowest health check."""
        return max(self._health_ms) / 1000

    @property
    def p99_ms(self) -> float:
        """How old one tick in a hundred was, or older."""
        return quantiles(self.ages_ms, n=100)[98]

    def __str__(self) -> str:
        ticks, checks = self.ages_ms, self._health_ms
        return (
            f"ticks p50 {median(ticks):.1f} ms, p99 {self.p99_ms:.1f} ms ({len(ticks)}); "
            f"health p50 {median(checks):.1f} ms, worst {max(checks):.1f} ms ({len(checks)})"
        )


async def _idle(
    api: Child, ticker: Ticker, silent: int, slow: int, say: Callable[[str], None]
) -> tuple[Phase, Phase]:
    """A calm while, and one with all of them until the last is gone."""
    files = allow_files(silent + slow + 1000)
    if files < silent + slow + 500:
        pytest.skip(f"a process may have {files} files open here")
    async with listening(api.base, ticker.path) as listener, _every(TICK_S, ticker.publish):
        await eventually(lambda: listener.ages_ms)
        before = descriptors(api.pid)
        calm = Phase(api, listener)
        async with _every(0.1, calm.look):
            await asyncio.sleep(CALM_S)
        calm.close()
        busy = Phase(api, listener)
        async with _every(0.1, busy.look), idling(api.base, silent, slow) as idlers:
            in_room = min(len(idlers), MOST)
            await eventually(lambda: descriptors(api.pid) >= before + in_room, "all that there is room for")
            await eventually(lambda: all(each.lived_s for each in idlers), "all are gone", HEAD_S + 30)
        lived = sorted(each.lived_s for each in idlers)
        say(
            f"\n{silent} silent, {slow} slow: gone after {lived[0]:.1f} to {lived[-1]:.1f} s"
            f", half of them after {median(lived):.1f} s"
            f"\n  calm: {calm}\n  busy: {busy}"
        )
        # The last that came have all the time that there is; each of the others had to make room for one.
        assert lived[-in_room // 2] > HEAD_S - 1, "cut off too early"
        assert max(each.ran_s for each in idlers) < HEAD_S + LATE_S
        assert b"".join(each.heard for each in idlers) == b""
        await eventually(lambda: descriptors(api.pid) <= before, "their sockets are closed")
        assert (await status(api.base))["stream_count"] == 1
        assert listener.disorder == []
    return calm, busy


def _is_unharmed(calm: Phase, busy: Phase) -> None:
    assert median(busy.ages_ms) < 3 * median(calm.ages_ms) + 20
    assert busy.p99_ms < LATE_MS
    assert busy.health_s < PROBE_S


async def test_hundreds_that_ask_for_nothing(api: Child, ticker: Ticker, say: Callable[[str], None]) -> None:
    """Three hundred silent and fifty slow ones."""
    _is_unharmed(*await _idle(api, ticker, 300, 50, say))


@pytest.mark.long
async def test_thousands_that_ask_for_nothing(api: Child, ticker: Ticker, say: Callable[[str], None]) -> None:
    """Five thousand silent and five hundred slow ones."""
    _is_unharmed(*await _idle(api, ticker, 5000, 500, say))
