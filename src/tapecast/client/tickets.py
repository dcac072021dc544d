"""The ticket of a stream: one that was given, or got by the program's own function whenever it expired."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Final

from tapecast.client.errors import StreamError, TicketFailed, Unauthorized
from tapecast.clock import Clock

TicketSource = str | Callable[[], str | Awaitable[str]]
"""A ticket, or how to get one: docs/http.md says how a server mints them."""

FLOOR_S: Final = 10.0
"""A server that refuses every ticket must not make each client ask for new ones without end."""
LATE_S: Final = 20.0


def sendable(token: str) -> str:
    """A token as a header may carry it. Raises Unauthorized, without the token, where none may."""
    # As read from a file, with its new line.
    token = token.strip()
    if token.isascii() and token.isprintable() and " " not in token:
        return token
    hint = "has it a space or the end of a line within?"
    raise Unauthorized("token_invalid", f"the token has a character that no server takes: {hint}")


class Tickets:
    """Keeps a ticket until it is refused."""

    def __init__(self, source: TicketSource | None, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._ticket = source if isinstance(source, str) else None
        self._asked: float | None = None

    @property
    def wait_s(self) -> float:
        """How long to wait before the next may be asked for."""
        if self._asked is None or self._ticket is not None:
            return 0.0
        return max(0.0, self._asked + FLOOR_S - self._clock.now())

    async def get(self) -> str | None:
        """The ticket to open a stream with; None where none is needed. Raises TicketFailed."""
        if self._ticket is None and callable(self._source):
            self._asked = self._clock.now()
            self._ticket = await self._ask(self._source)
        return self._ticket

    def expire(self) -> bool:
        """The server takes it no more. False where another would fare no better: none, or a new one."""
        if not callable(self._source):
            return False
        is_old = self._asked is None or self._clock.now() - self._asked >= FLOOR_S
        self._ticket = None
        return is_old

    async def _ask(self, source: Callable[[], str | Awaitable[str]]) -> str:
        try:
            async with asyncio.timeout(LATE_S):
                found = source()
                return await found if isawaitable(found) else found
        except StreamError:
            raise
        except TimeoutError:
            raise TicketFailed("ticket_failed", f"no ticket: the function took over {LATE_S:.0f} s") from None
        except Exception as error:
            # Whatever a function of the program's own may raise.
            raise TicketFailed("ticket_failed", f"no ticket: {error!r}") from error
