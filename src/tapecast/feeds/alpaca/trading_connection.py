"""One socket to the trading stream: the shell of `connection.py` round its handshake.

The log-in is alpaca-py's, which says `failed to authenticate` whatever the venue answered: the answer is
looked at here, so that only a refusal of the keys is taken for one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from alpaca.trading.stream import TradingStream
from websockets.exceptions import ConnectionClosed

from tapecast.errors import FeedFatal, FeedTransient
from tapecast.feeds.alpaca import trading_wire
from tapecast.feeds.alpaca.connection import NONSENSE, Connection, closed
from tapecast.feeds.alpaca.limits import Limits


class TradingConnection(Connection):
    """A socket from the dial to the close; `listen` asks for order events."""

    def __init__(self, stream: TradingStream, limits: Limits, on_heard: Callable[[], None]) -> None:
        super().__init__(stream, limits, on_heard)
        # As `subscribe_trade_updates` does, but for a check that Python 3.14 has deprecated.
        stream._trade_updates_handler = _nobody  # type: ignore[assignment]  # noqa: SLF001
        self._trading = stream
        self._reply: Any = None

    async def listen(self) -> None:
        """Ask for order events; the venue's answer comes as a frame."""
        await self._write(self._trading._subscribe_trade_updates())  # noqa: SLF001

    async def _log_in(self) -> None:
        receive = self._socket.recv

        async def recorded() -> Any:
            self._reply = await receive()
            return self._reply

        # alpaca-py reads the answer itself and keeps nothing of it.
        self._socket.recv = recorded
        try:
            async with asyncio.timeout(self._limits.auth_s):
                await self._stream._auth()  # noqa: SLF001
        except TimeoutError:
            raise FeedTransient("auth_timeout", "the venue did not answer the log-in in time") from None
        except ConnectionClosed as error:
            raise closed(error) from None
        except (ValueError, OSError, *NONSENSE):
            raise self._refused() from None
        finally:
            self._socket.recv = receive

    def _refused(self) -> FeedFatal | FeedTransient:
        for message in trading_wire.unpack(self._reply) or ():
            data = message.get("data")
            if isinstance(data, dict) and data.get("status") == "unauthorized":
                return FeedFatal("auth_failed", "the trading stream refused the keys")
            error = trading_wire.error_of(message)
            if error is not None:
                return FeedTransient("venue_error", f"the trading stream reported: {error}")
        return FeedTransient("bad_auth_reply", "the venue's answer to the log-in was not understood")


async def _nobody(_: object) -> None:
    """alpaca-py asks for order events only if somebody takes them; its own loop is not used."""
