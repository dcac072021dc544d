"""Find symbols that have gone silent while the venue trades them, by comparing with REST once a minute.

A stream can stay connected, answer pings and yet send nothing, for one symbol or for all (users report four
minutes at the open, and whole nights). Nothing on the socket tells that from a quiet market; REST does.

A silent symbol is subscribed anew. If after that not one message arrives, of any symbol, and REST tells of a
later trade, of any symbol, the session is given up: `mute`. While nothing arrives, looks come sooner.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, NamedTuple, Never

from tapecast.errors import FeedError, FeedTransient
from tapecast.feeds.alpaca.limits import Limits
from tapecast.feeds.alpaca.seeder import SnapshotSource
from tapecast.feeds.alpaca.seen import Seen
from tapecast.market import Snapshot

AT_ONCE: Final = 500
"""Symbols in one comparison: five calls. More take turns, so that seeds never wait long for their call."""

logger = logging.getLogger(__name__)


class _Renewal(NamedTuple):
    """What was known when symbols were last subscribed anew: by it the whole session is judged."""

    messages: int
    newest_ns: int


class Comparer:
    """Compares for as long as its session lasts."""

    def __init__(
        self,
        rest: SnapshotSource,
        seen: Seen,
        limits: Limits,
        *,
        is_open: Callable[[], bool],
        on_snapshot: Callable[[Snapshot], None],
        on_silent: Callable[[list[str]], None],
    ) -> None:
        self._rest = rest
        self._seen = seen
        self._limits = limits
        # Out of session nothing is missed by being quiet.
        self._is_open = is_open
        self._on_snapshot = on_snapshot
        self._on_silent = on_silent
        self._found = False
        self._renewal: _Renewal | None = None
        self._next = 0
        # How long nothing at all may arrive before a look that is not yet due.
        self._patience_s = limits.compare_quiet_s

    async def run(self) -> Never:
        """Compare for ever. Raises FeedTransient when the whole session is mute."""
        while True:
            before = self._seen.messages
            await self._until_due()
            if self._is_open():
                await self.look(is_quiet=self._seen.messages == before)

    async def _until_due(self) -> None:
        limits = self._limits
        # What was subscribed anew is looked at again as soon as it can have fallen behind again.
        soon_s = limits.lag_s + limits.compare_grace_s
        left_s = min(limits.compare_every_s, soon_s) if self._found else limits.compare_every_s
        quiet_s = 0.0
        while left_s > 0:
            before = self._seen.messages
            step_s = min(limits.compare_quiet_s, left_s)
            await asyncio.sleep(step_s)
            left_s -= step_s
            quiet_s = quiet_s + step_s if self._seen.messages == before else 0.0
            if quiet_s >= self._patience_s:
                return

    async def look(self, *, is_quiet: bool) -> None:
        """Compare once. `is_quiet`: nothing has arrived since the last look."""
        limits, seen = self._limits, self._seen
        try:
            snapshots = await self._rest.snapshots(self._turn())
        except FeedError as failure:
            logger.info("comparison_failed: %s", failure)
            return
        # The venue's newest trade may still be on its way to us.
        await asyncio.sleep(limits.compare_grace_s)
        silent = sorted(seen.lagging(snapshots, limits.lag_s))
        for snapshot in snapshots:
            seen.on_snapshot(snapshot)
            self._on_snapshot(snapshot)
        self._judge_session()
        # A quiet market is asked less and less often, until something moves.
        self._patience_s = self._patience_s * 2 if is_quiet else limits.compare_quiet_s
        self._found = bool(silent)
        if silent:
            # The first of several: each would move the mark that the venue has to pass.
            self._renewal = self._renewal or _Renewal(seen.messages, seen.newest_ns)
            logger.warning("symbols_silent: %s: subscribing anew", ", ".join(silent[:10]))
            self._on_silent(silent)

    def _judge_session(self) -> None:
        """Raises FeedTransient if subscribing anew has brought nothing, while the venue traded on.

        It is judged whole: a symbol that trades once in minutes, or one of thousands that take turns, is not
        often found silent twice running.
        """
        if self._renewal is None or self._seen.messages > self._renewal.messages:
            self._renewal = None
        elif self._seen.newest_ns - self._renewal.newest_ns > self._limits.lag_s * 1e9:
            raise FeedTransient("mute", "the venue trades and sends nothing")

    def _turn(self) -> list[str]:
        symbols = sorted(self._seen.symbols)
        if self._next >= len(symbols):
            self._next = 0
        turn = symbols[self._next : self._next + AT_ONCE]
        self._next += AT_ONCE
        return turn
