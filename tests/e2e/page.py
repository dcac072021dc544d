"""A page as a browser has it: it comes back by itself, and remembers what it was told."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
from httpx_sse import ServerSentEvent, aconnect_sse

from tapecast.market import parse_rfc3339
from tests.e2e.checker import Checker

BOUND_S = 8.0
"""As in `test_drill.py`."""


class Page:
    """One EventSource that is never closed. `begin` starts a new account of what it sees."""

    def __init__(self, base: str, symbols: Sequence[str]) -> None:
        self._base = base
        self.symbols = symbols
        self.checker = Checker(BOUND_S)
        # The state of each market's feed, and the venue's time of each symbol's newest trade.
        self.feeds: dict[str, str] = {}
        self.traded_ns: dict[str, int] = {}
        self._retry_s = 1.0
        self._heard = time.monotonic()
        self.begin()

    def begin(self) -> None:
        """From now on."""
        self.steps: list[str] = []
        self.states: list[str] = []
        self.ends = 0
        # Streams that were refused or ended by the server, by its word.
        self.byes: list[str] = []
        self.checker.violations.clear()
        self.silence_s = 0.0
        self._heard = time.monotonic()

    async def follow(self) -> None:
        """As a browser does: at once again whatever happened, after what `retry:` said last."""
        while True:
            with suppress(httpx.HTTPError, OSError):
                await self._listen()
            self.checker.state.clear()
            self.feeds.clear()
            await asyncio.sleep(self._retry_s)

    async def _listen(self) -> None:
        timeout = httpx.Timeout(10, read=None)
        params = {"symbols": ",".join(self.symbols)}
        async with (
            httpx.AsyncClient(base_url=self._base, timeout=timeout, verify=False) as client,  # noqa: S501
            aconnect_sse(client, "GET", "/stream/prices", params=params) as source,
        ):
            self.checker.begin()
            try:
                async for event in source.aiter_sse():
                    self._hear(event)
            finally:
                self.ends += 1

    def _hear(self, event: ServerSentEvent) -> None:
        self.checker.hear(event)
        if event.retry is not None:
            self._retry_s = event.retry / 1000
        said: dict[str, Any] = json.loads(event.data)
        if event.event == "message":
            self.traded_ns[said["symbol"]] = parse_rfc3339(said["timestamp"])
            self.silence_s = max(self.silence_s, self.quiet_s())
            self._heard = time.monotonic()
        elif event.event == "feed":
            self.feeds[said["market"]] = said["state"]
            if said["market"] == "us_equity":
                _add(self.steps, " ".join(filter(None, (said["state"], said.get("reason")))))
        elif event.event == "symbol" and said["symbol"] == self.symbols[0]:
            _add(self.states, said["state"])
        elif event.event == "bye":
            self.byes.append(said["code"])

    def quiet_s(self) -> float:
        """How long ago the last price came."""
        return time.monotonic() - self._heard

    def is_well(self, since_ns: int) -> bool:
        """Whether everything is live, each symbol with a trade of after this moment."""
        self.checker.look()
        live = all(self.checker.state.get(symbol) == "live" for symbol in self.symbols)
        newer = all(self.traded_ns.get(symbol, -math.inf) > since_ns for symbol in self.symbols)
        return live and newer and self.feeds.get("us_equity") == self.feeds.get("crypto") == "live"


def _add(steps: list[str], step: str) -> None:
    if steps[-1:] != [step]:
        steps.append(step)


@asynccontextmanager
async def opened(base: str, symbols: Sequence[str]) -> AsyncIterator[Page]:
    """A page that listens for the length of the block."""
    page = Page(base, symbols)
    task = asyncio.create_task(page.follow())
    try:
        yield page
        # Else it stopped looking, and what it did not see proves nothing.
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.wait([task])
