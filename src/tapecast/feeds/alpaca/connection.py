"""One socket to the venue: a thin shell round alpaca-py's handshake in which every wait has a limit.

alpaca-py knows the URL, the headers, the codec and the log-in (`_connect`, `_auth`, `close`); its own loop is
not used, since it retries a wrong key for ever, hides the venue's errors and cannot be called from the loop
that it runs in. Whatever goes wrong here comes out as a FeedError.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, Final

import msgpack
from alpaca.data.live.websocket import DataStream
from alpaca.trading.stream import TradingStream
from websockets.exceptions import ConnectionClosed, InvalidURI, WebSocketException
from websockets.legacy.exceptions import InvalidStatusCode

from tapecast.errors import FeedFatal, FeedTransient
from tapecast.feeds.alpaca.codes import login_failure, upgrade_failure
from tapecast.feeds.alpaca.limits import Limits

# alpaca-py logs every dial, and errors with tracebacks that we report as a state. The websockets library, at
# DEBUG, prints the frames that it sends: one of them holds the secret.
for _name in ("alpaca", "websockets"):
    logging.getLogger(_name).setLevel(logging.WARNING)

# What alpaca-py's handshake raises at an answer that is no handshake: text, an empty list, a number.
NONSENSE: Final = (TypeError, LookupError, AttributeError, msgpack.UnpackException, RecursionError)


class Connection:
    """A socket from the dial to the close."""

    def __init__(
        self, stream: DataStream | TradingStream, limits: Limits, on_heard: Callable[[], None]
    ) -> None:
        self._stream = stream
        self._limits = limits
        self._on_heard = on_heard

    async def open(self) -> None:
        """Dial, read the welcome, log in. Raises FeedFatal or FeedTransient."""
        await self._dial()
        await self._log_in()
        self._on_heard()

    async def receive(self) -> object:
        """The next frame. Waits for ever: who pings notices silence."""
        try:
            frame = await self._socket.recv()
        except ConnectionClosed as error:
            raise closed(error) from None
        self._on_heard()
        return frame

    async def send(self, message: Mapping[str, object]) -> None:
        """Send one message."""
        await self._write(self._socket.send(msgpack.packb(dict(message))))

    async def ping(self) -> None:
        """Send a ping; its pong counts as heard whenever it comes."""
        pong = await self._write(self._socket.ping())
        pong.add_done_callback(self._on_pong)

    async def close(self, *, politely: bool = True) -> None:
        """Close in bounded time, whatever the peer does, so that the venue frees the slot; or cut it off."""
        socket, cancelled = self._socket, _cancellations()
        if socket is None:
            return
        try:
            with suppress(TimeoutError, OSError, WebSocketException):
                if politely:
                    async with asyncio.timeout(self._limits.close_s):
                        await self._stream.close()
        finally:
            # Does nothing after a clean close. A frozen peer, or a second cancellation, ends here.
            socket.transport.abort()
        if _cancellations() > cancelled:
            # The library's handshake swallows it: the feed would dial again, and SIGTERM wait for ever.
            raise asyncio.CancelledError

    @property
    def _socket(self) -> Any:
        return self._stream._ws  # noqa: SLF001

    async def _dial(self) -> None:
        try:
            async with asyncio.timeout(self._limits.welcome_s):
                await self._stream._connect()  # noqa: SLF001
        except TimeoutError:
            raise FeedTransient("connect_timeout", "the venue did not welcome us in time") from None
        except InvalidStatusCode as error:
            raise upgrade_failure(error.status_code) from None
        except InvalidURI as error:
            raise FeedFatal("url_invalid", f"not a WebSocket URL: {error}") from None
        except ConnectionClosed as error:
            raise closed(error) from None
        # A certificate error is an OSError and a ValueError; it must not pass for a bad welcome.
        except (OSError, WebSocketException) as error:
            raise FeedTransient("unreachable", f"the venue cannot be reached: {error}") from None
        except (ValueError, *NONSENSE):
            raise FeedTransient("bad_welcome", "the venue's welcome was not understood") from None

    async def _log_in(self) -> None:
        try:
            async with asyncio.timeout(self._limits.auth_s):
                await self._stream._auth()  # noqa: SLF001
        except TimeoutError:
            raise FeedTransient("auth_timeout", "the venue did not answer the log-in in time") from None
        except ConnectionClosed as error:
            raise closed(error) from None
        except ValueError as error:
            raise login_failure(str(error)) from None
        except (OSError, *NONSENSE):
            raise FeedTransient(
                "bad_auth_reply", "the venue's answer to the log-in was not understood"
            ) from None

    async def _write(self, writing: Coroutine[Any, Any, Any]) -> Any:
        try:
            async with asyncio.timeout(self._limits.send_s):
                return await writing
        except TimeoutError:
            raise FeedTransient("send_timeout", "the venue does not read what we send") from None
        except ConnectionClosed as error:
            raise closed(error) from None

    def _on_pong(self, pong: asyncio.Future[float]) -> None:
        # A ping still open when the connection dies ends with an error that the reader reports.
        if not pong.cancelled() and pong.exception() is None:
            self._on_heard()


def _cancellations() -> int:
    """How often the running task was told to end, whoever heard of it."""
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0


def closed(error: ConnectionClosed) -> FeedTransient:
    """A socket that is gone, with the venue's code where it gave one."""
    code = error.rcvd.code if error.rcvd is not None else None
    return FeedTransient("connection_closed", f"the connection was closed ({code or 'without a word'})", code)
