"""One attempt at what should not be had: its connection, and what came of it in the words of the table."""

from __future__ import annotations

import asyncio
import json
import math
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import quote

from tests.e2e.forger import TOKEN
from tests.e2e.wire import Wire, get
from tests.stalls import stalls
from tests.support import PATIENCE_S

STEP_S: Final = 5
"""Times are told in steps of so many seconds: a busy machine is late, and none of our limits is finer."""
EARLY_S: Final = 1
"""A limit counts from what the server saw, which may be before the client began to count: 10 s may be 9.8."""

PRICES: Final = "/stream/prices?symbols=AAPL"
STATUS: Final = "/stream/status"
POSITIONS: Final = "/stream/positions"
BEARER: Final = f"Authorization: Bearer {TOKEN}"
EVENT_SOURCE: Final = "Accept: text/event-stream"


class Passed(NamedTuple):
    """Seconds by the clock, and those in which the machine ran."""

    wall_s: float = 0.0
    ran_s: float = 0.0


NOT_YET: Final = Passed()


class Caller(Wire):
    """A connection that remembers whatever it was answered."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.began = time.monotonic()
        # Of the first answer, and the status of each.
        self.body = b""
        self.statuses: list[int] = []
        self.answered_after = self.ended_after = NOT_YET

    def on_body(self, body: bytes) -> None:
        if len(self.statuses) == 1:
            self.body += body
        super().on_body(body)

    @property
    def refused(self) -> list[str]:
        """The symbols that were refused in band, each with its reason."""
        return [
            f"`{each['symbol']}` refused: `{each['reason']}`"
            for each in self.named("symbol")
            if each["state"] == "refused"
        ]

    def on_headers_complete(self) -> None:
        if self.answered_after is NOT_YET:
            self.answered_after = self._passed()
        super().on_headers_complete()
        self.statuses.append(self.status)

    async def settle(self) -> None:
        """Read until it is clear what the answer is, or until the connection ends."""
        with suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE_S):
                while not self._is_settled and await self.read():
                    pass

    async def end(self) -> None:
        """Read until the server ends it, however it does that."""
        await super().end()
        self.ended = True
        self.ended_after = self._passed()

    @property
    def _is_settled(self) -> bool:
        said = {name for name, _ in self.events}
        return bool(
            self.complete or self.ended or self.newest or self.refused or said & {"status", "positions"}
        )

    def _passed(self) -> Passed:
        return Passed(time.monotonic() - self.began, stalls.ran_s(self.began))

    def told(self) -> set[str]:
        """What came of it: once by the clock, and once without the time in which the machine stood still."""
        return {self._told(by) for by in (0, 1)}

    def _told(self, by: int) -> str:
        cut = f"cut off{_after(self.ended_after[by])}"
        if not self.statuses:
            return cut if self.ended else "no answer"
        answer = f"{self.statuses[0]}{self._words()}{_after(self.answered_after[by])}"
        # Of more than it has asked for it should not hear.
        answer += "".join(f", then {status}" for status in sorted(set(self.statuses[1:])))
        is_clean = self.complete and self.headers.get("connection") == "close"
        return f"{answer}, then {cut}" if self.ended and not is_clean else answer

    def _words(self) -> str:
        kind = self.headers.get("content-type", "")
        if "event-stream" in kind:
            byes = [f"`bye` `{each['code']}`" for each in self.named("bye")]
            return ", " + ", ".join(byes or self.refused or ["the stream"])
        if self.body.startswith(b'{"error"'):
            return f" `{json.loads(self.body)['error']['code']}`"
        if self.body.startswith(b'{"prices"'):
            missing = json.loads(self.body)["missing"]
            return "".join(f", `{each['symbol']}` missing: `{each['reason']}`" for each in missing)
        return ""


def _after(seconds: float) -> str:
    steps = math.floor((seconds + EARLY_S) / STEP_S)
    return f" after {STEP_S * steps} s" if steps else ""


Act = Callable[[Caller], Awaitable[None]]


@dataclass(frozen=True)
class Attempt:
    """One row of the table."""

    group: str
    title: str
    # As `Caller.told` puts it.
    answer: str
    act: Act
    # Which of the processes it is made at; see SERVERS.
    server: str

    @property
    def key(self) -> str:
        """A name for the test."""
        return "-".join("".join(c if c.isalnum() else " " for c in f"{self.group} {self.title}").split())


async def attempted(attempt: Attempt, base: str) -> set[str]:
    """Make it, and tell what came of it."""
    caller = await Caller.dial(base)
    try:
        with suppress(ConnectionError):
            await attempt.act(caller)
        await caller.settle()
        return caller.told()
    finally:
        caller.close()


def sends(*parts: bytes) -> Act:
    """Send this."""

    async def act(caller: Caller) -> None:
        await caller.send(b"".join(parts))

    return act


def waits(*parts: bytes) -> Act:
    """Send this, and wait for the end of the connection."""

    async def act(caller: Caller) -> None:
        await caller.send(b"".join(parts))
        await caller.end()

    return act


def pushes(head: bytes, flood: bytes, times: int = 1) -> Act:
    """Send this and then that, as often as it is taken, and read beside it to the end of the connection."""

    async def act(caller: Caller) -> None:
        reading = asyncio.create_task(caller.end())
        with suppress(ConnectionError):
            await caller.send(head)
            for _ in range(times):
                await caller.send(flood)
        await reading

    return act


def drips(head: bytes, drop: bytes, until: Act = Caller.end) -> Act:
    """Send this, and then a little every second, until the connection ends or whatever else is waited for."""

    async def act(caller: Caller) -> None:
        reading = asyncio.ensure_future(until(caller))
        with suppress(ConnectionError):
            await caller.send(head)
            while not reading.done():
                await caller.send(drop)
                await asyncio.wait([reading], timeout=1)
        await reading

    return act


def carrying(ticket: str, path: str = PRICES, *headers: str) -> Act:
    """Ask with this ticket."""
    return sends(get(f"{path}&ticket={quote(ticket)}", *headers))


def rows(group: str, server: str, *cells: tuple[str, str, Act]) -> list[Attempt]:
    """Some attempts of a kind, each as its title, its answer, and what is done."""
    return [Attempt(group, title, answer, act, server) for title, answer, act in cells]
