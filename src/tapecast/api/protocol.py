"""The one place that knows uvicorn from inside: a response that has begun can be taken over.

Through ASGI every event costs each client a task wake-up, a lock and a dictionary, each connection keeps
uvicorn's parser, request, scope and task, and a client that takes nothing can only be closed, which waits for
it, and not aborted. (`make bench` has sse-starlette, which works that way, beside ours.) So uvicorn and
Starlette answer every request up to its headers, and a stream then gives its transport a protocol of our own
(`line.py`).

What this relies on: a task that ends while its request counts as disconnected is left alone, and a connection
that is not in `connections` is not waited for. `tests/api/test_protocol.py` fails when that changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final, cast

import uvicorn
from starlette.types import ASGIApp, Scope
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from tapecast.api.waiting import Waiting

EXTENSION: Final = "tapecast.take_over"

HEAD_BYTES: Final = 64 * 1024
"""Of a request, whose line and headers come first. A thousand symbols need a third of it, and nobody here
reads a body. The parser has no limit of its own, and an endless header would take the loop for seconds."""

HEAD_S: Final = 10.0
"""For the headers of a request to come in: connections that say nothing take the files that others need."""

KEEP_ALIVE_S: Final = 10
"""For the next request to begin. More than the idle time of a proxy: it may else send into a closing one."""

ANSWER_S: Final = 30.0
"""For an answer to be made and taken: one that nobody reads would keep its file and its buffers."""

TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
)

PIPELINED: Final = 16
"""Requests that may wait behind the one that is being answered. Browsers send none."""

TakeOver = Callable[[asyncio.Protocol], bool]


class Config(uvicorn.Config):
    """uvicorn's, with the connections that wait for their next request."""

    def __init__(self, app: ASGIApp, waiting: Waiting, **options: Any) -> None:
        super().__init__(app, http=TakeOverProtocol, **options)
        self.waiting = waiting


class TakeOverProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, from which a response that has begun can be taken away."""

    # The request that is being answered. `cycle` is the last that came in, when they are pipelined.
    _running: RequestResponseCycle | None = None
    # Bytes since the last whole head, in reads: what came with its end is not counted.
    _unfinished = 0
    # Whether a request's head is here and its body not yet.
    _is_in_body = False
    # With the others that wait, where the server bounds their number.
    config: Config
    # Cuts off whoever does not send the headers of a request in time, or does not take its answer.
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request, and not for ever."""
        super().connection_made(transport)
        self._await_head(HEAD_S)

    def data_received(self, data: bytes) -> None:
        """Parse, and cut off whoever never comes to an end."""
        self._unfinished += len(data)
        super().data_received(data)
        if self._unfinished > HEAD_BYTES:
            self._refuse()

    def on_headers_complete(self) -> None:
        """Offer the transport to the app, by the extension mechanism of ASGI."""
        self._unfinished = 0
        self._is_in_body = True
        if not self._is_answering:
            self._hear_head()
        if len(self.pipeline) >= PIPELINED and not self.transport.is_closing():
            self._cut("pipelined")
        if self.transport.is_closing():
            # The parser goes on to the end of what was read with it: thousands of requests.
            return
        super().on_headers_complete()
        # Bound to this request: by the time the app runs, `self.cycle` may be that of a pipelined one.
        offer: TakeOver = partial(self._take_over, self.cycle)
        self.scope["extensions"] = {EXTENSION: cast("dict[object, object]", offer)}

    def on_message_complete(self) -> None:
        """The next byte is of another request."""
        self._is_in_body = False
        self._unfinished = 0
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        self._be_patient(ANSWER_S, "unread")
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """Let the answered request go: with its offer it would wait for the collector, which comes seldom."""
        if self._running is not None:
            _withdraw(self._running)
        super().on_response_complete()
        if not self._is_answering and not self.transport.is_closing():
            # uvicorn's own limit ends with the first byte that comes, of whatever.
            self._await_head(KEEP_ALIVE_S + 1)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request that is being answered: uvicorn tells the last one, and this one would write."""
        if self._running is not None:
            self._running.disconnected = True
            _withdraw(self._running)
        for waiting, _ in self.pipeline:
            _withdraw(waiting)
        self.pipeline.clear()
        self._hear_head()
        super().connection_lost(exc)

    @property
    def _is_answering(self) -> bool:
        return self._running is not None and not self._running.response_complete

    def _refuse(self) -> None:
        if self.transport.is_closing():
            return
        if self._is_answering or self._is_in_body:
            # The refusal would be taken for a part of that answer, or for a second one.
            self._cut("large")
            return
        self.config.waiting.cut["large"] += 1
        self.transport.write(TOO_LARGE)
        self.transport.close()

    def _await_head(self, within_s: float) -> None:
        self._be_patient(within_s, "late")
        self.config.waiting.add(self)

    def _be_patient(self, within_s: float, why: str) -> None:
        self._hear_head()
        self._patience = self.loop.call_later(within_s, self._cut, why)

    def cut_off(self) -> None:
        """Make room for others: this one has sent no request."""
        self._hear_head()
        self.transport.abort()

    def _cut(self, why: str) -> None:
        self.config.waiting.cut[why] += 1
        self.transport.abort()

    def _hear_head(self) -> None:
        self.config.waiting.discard(self)
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _take_over(self, cycle: RequestResponseCycle, protocol: asyncio.Protocol) -> bool:
        transport = self.transport
        is_gone = cycle.disconnected or transport.is_closing()
        self._hear_head()
        # For uvicorn this client has left: it neither completes nor closes the response any more.
        cycle.disconnected = True
        _withdraw(cycle)
        if is_gone:
            return False
        # As uvicorn does when it loses a connection: the two refer to each other.
        self.parser = None  # type: ignore[assignment]
        self._unset_keepalive_if_required()
        self.pipeline.clear()
        self.connections.discard(self)
        self.flow.resume_reading()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        return True


def take_over(scope: Scope, protocol: asyncio.Protocol) -> bool:
    """Give the connection of `scope`, whose response has begun, to `protocol`.

    False if the client is gone already. From then on only `protocol` hears of it, its end included.
    """
    offered: TakeOver | None = scope["extensions"].get(EXTENSION)
    return offered is not None and offered(protocol)


def _withdraw(cycle: RequestResponseCycle) -> None:
    # The offer refers to the request that it is in. The collector, which comes seldom, would keep both.
    cycle.scope["extensions"] = {}
