"""The first image of each symbol, and of the account, and then the end.

A server that knows nothing of the account says nothing of it, so its coming has to be waited for by name.
"""

from __future__ import annotations

import asyncio
from typing import Final

from rich.console import Console
from rich.text import Text

from tapecast.client import FeedState, Hello, Stream, SymbolState
from tapecast.refusals import clean
from tapecast.watch import account, lines
from tapecast.watch.account import Account
from tapecast.watch.badge import ACCOUNT
from tapecast.watch.output import Output
from tapecast.watch.prices import Prices

WAIT_S: Final = 5.0
"""For a first price: a venue answers a subscription within a second or two, and a refusal comes at once."""
_ENDS: Final = frozenset({FeedState.LIVE, FeedState.FAILED})
"""The account's states that waiting does not mend."""


async def show(
    stream: Stream, console: Console, output: Output, *, wants_json: bool, wants_positions: bool
) -> bool:
    """Whether all that was asked for may be believed. Raises StreamError, BrokenPipeError."""
    await _settled(stream, wants_positions=wants_positions)
    if wants_json:
        await _write(stream, output, wants_positions=wants_positions)
    else:
        _print(stream, console, wants_positions=wants_positions)
    return all(stream.is_current(symbol) for symbol in stream.states) and (
        not wants_positions or account.is_current(stream)
    )


async def _write(stream: Stream, output: Output, *, wants_positions: bool) -> None:
    for symbol, status in stream.states.items():
        await output.write(lines.as_json(stream.ticks.get(symbol) or status, stream))
    if wants_positions and (feed := stream.feeds.get(ACCOUNT)) is not None:
        await output.write(lines.as_json(feed, stream))
    for position in stream.positions.values():
        await output.write(lines.as_json(position, stream))
    if stream.portfolio is not None:
        await output.write(lines.as_json(stream.portfolio, stream))


def _print(stream: Stream, console: Console, *, wants_positions: bool) -> None:
    if stream.states:
        console.print(Prices().table(stream, console.width, len(stream.states)))
    if not wants_positions:
        return
    feed = stream.feeds.get(ACCOUNT)
    if feed is not None and feed.state is not FeedState.LIVE:
        because = f": {clean(feed.reason)}" if feed.reason else ""
        console.print(Text(f"account {feed.state}{because}"), soft_wrap=True)
    console.print(account.totals(stream), soft_wrap=True)
    if stream.account is not None:
        console.print(Account().table(stream, console.width, len(stream.positions)))


async def _settled(stream: Stream, *, wants_positions: bool) -> None:
    try:
        # Whether there is a server at all is told, and waited for, by the stream itself.
        async with asyncio.timeout(None) as limit:
            async for event in stream:
                if isinstance(event, Hello) and limit.when() is None:
                    # Counted from the first one: a server that goes and comes makes the wait no longer.
                    limit.reschedule(asyncio.get_running_loop().time() + WAIT_S)
                if _has_prices(stream) and (not wants_positions or _has_account(stream)):
                    return
    except TimeoutError:
        # What has come by then is all there is to show.
        return


def _has_prices(stream: Stream) -> bool:
    return stream.hello is not None and all(
        symbol in stream.ticks or status.state is SymbolState.REFUSED
        for symbol, status in stream.states.items()
    )


def _has_account(stream: Stream) -> bool:
    feed, held = stream.feeds.get(ACCOUNT), stream.portfolio
    if feed is None or feed.state not in _ENDS or stream.account is None or held is None:
        return False
    # Totals follow their positions a moment later, and must not tell of before.
    states = [each.state for each in stream.positions.values()] + [each.state for each in held.stale]
    return SymbolState.PENDING not in states
