"""All streams of a run: opened at a steady pace, and each dialled again when it is lost, as a page would.

The pace is there for the server's sake: a thousand at once would measure its `ACCEPT_RATE`, and a stampede is
not what a deployment sees from day to day. A stream that is refused at the start stays away: that there is no
room for it is the answer.
"""

from __future__ import annotations

import asyncio
from typing import Final

from tapecast.backoff import jittered
from tapecast.bench.answers import Unreachable, failure, farewell, hopeless, refusal
from tapecast.bench.listener import Listener
from tapecast.bench.plan import Plan
from tapecast.bench.tally import Tally
from tapecast.bench.wire import DIAL_S, Dialler, NotHttp

DIALLING: Final = 64
"""At a time. A slow server gets no pile of half-open connections on top."""
FAILED_RETRY_MS: Final = 1000


class Seat:
    """One of the wanted streams, through all its connections."""

    def __init__(self) -> None:
        self.listener: Listener | None = None
        # It has begun, or never will.
        self.is_settled = False
        self.is_refused = False
        # It was open at some time, and had a price.
        self.was_open = False
        self.was_served = False
        self.states: dict[str, str] = {}

    @property
    def is_open(self) -> bool:
        """Whether it streams now."""
        return self.listener is not None and self.listener.is_open

    def close(self) -> None:
        """Keep what counts of the connection, and cut it."""
        if self.listener is not None:
            self.was_served = self.was_served or self.listener.last > 0
            self.states |= self.listener.states
            self.listener.cut()


class Crowd:
    """The seats of a plan."""

    def __init__(self, plan: Plan, dialler: Dialler, tally: Tally) -> None:
        self._plan = plan
        self._dialler = dialler
        self._tally = tally
        self._request = plan.stream_request()
        self._dialling = asyncio.Semaphore(DIALLING)
        self.seats = [Seat() for _ in range(plan.streams)]

    @property
    def settled(self) -> int:
        """Seats that are open, or will not be."""
        return sum(seat.is_settled for seat in self.seats)

    @property
    def open(self) -> int:
        """Streams that are open now."""
        return sum(seat.is_open for seat in self.seats)

    def listeners(self) -> list[Listener]:
        """The connections that there are now."""
        return [seat.listener for seat in self.seats if seat.listener is not None]

    async def scout(self) -> Listener:
        """Open the first one alone. Raises Unreachable: the others would fare no better."""
        seat = self.seats[0]
        try:
            listener = await self._open(seat)
        except (OSError, NotHttp) as error:
            raise Unreachable(failure(error, self._plan)[1]) from None
        if not seat.was_open:
            raise hopeless(listener, *self._refused(listener))
        return listener

    async def run(self, scout: Listener) -> None:
        """Open the others, and keep all of them until cancelled; every connection is cut at the end."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep(self.seats[0], scout))
                for number, seat in enumerate(self.seats[1:], start=1):
                    tasks.create_task(self._come(seat, number / self._plan.ramp))
        finally:
            self.leave()

    def leave(self) -> None:
        """Cut every connection."""
        for seat in self.seats:
            seat.close()

    async def _come(self, seat: Seat, after_s: float) -> None:
        await asyncio.sleep(after_s)
        try:
            async with self._dialling:
                listener = await self._open(seat)
        except (OSError, NotHttp) as error:
            self._tally.refuse(*failure(error, self._plan))
            seat.is_settled = seat.is_refused = True
            return
        if seat.was_open:
            await self._keep(seat, listener)
        else:
            self._tally.refuse(*self._refused(listener))
            seat.is_refused = True

    async def _keep(self, seat: Seat, listener: Listener) -> None:
        """Hold an open stream, and bring it back as often as it is lost."""
        while True:
            await listener.ended
            seat.close()
            self._tally.lose(*self._loss(listener))
            listener = await self._return(seat, listener.retry_ms)
            self._tally.reconnected += 1

    async def _return(self, seat: Seat, retry_ms: int) -> Listener:
        while True:
            # The server has put its jitter into that already; this one is for a crowd that was cut off.
            await asyncio.sleep(jittered(0.5, 1.0) * retry_ms / 1000)
            try:
                async with self._dialling:
                    listener = await self._open(seat)
            except (OSError, NotHttp):
                retry_ms = FAILED_RETRY_MS
                continue
            if listener.has_begun:
                return listener
            retry_ms = listener.retry_ms

    async def _open(self, seat: Seat) -> Listener:
        """Dial, and wait for the first words, or the last. Raises OSError or NotHttp."""
        dialled = self._tally.clock.now()
        listener = await self._dialler.dial(lambda: Listener(self._request, self._tally, dialled))
        seat.listener = listener
        try:
            async with asyncio.timeout(DIAL_S):
                await listener.begun
        except BaseException:
            listener.cut()
            raise
        seat.is_settled = True
        seat.was_open = seat.was_open or listener.has_begun
        if not listener.has_begun and not listener.status:
            raise listener.error or ConnectionResetError("closed without an answer")
        return listener

    def _refused(self, listener: Listener) -> tuple[str, str]:
        if listener.status and not listener.is_stream:
            return refusal(listener, self._plan)
        return self._loss(listener)

    def _loss(self, listener: Listener) -> tuple[str, str]:
        if listener.bye is not None:
            return farewell(*listener.bye, self._plan)
        if listener.error is not None:
            return failure(listener.error, self._plan)
        return "closed", f"{self._plan.target}, or something on the way, closed the connection"
