"""The first image of each symbol, and of the account, and then the end."""

from __future__ import annotations

import asyncio
from typing import Final

from rich.console import Console

from tapecast.client import Hello, Stream, SymbolState
from tapecast.watch import account, lines
from tapecast.watch.account import Account
from tapecast.watch.output import Output
from tapecast.watch.prices import Prices

WAIT_S: Final = 5.0
"""For a first price: a venue answers a subscription within a second or two, and a refusal comes at once."""


async def show(stream: Stream, console: Console, output: Output, *, wants_json: bool) -> bool:
    """Whether every price may be believed. Raises StreamError, BrokenPipeError."""
    await _settled(stream)
    if wants_json:
        for symbol, status in stream.states.items():
            await output.write(lines.as_json(stream.ticks.get(symbol) or status, stream))
        for position in stream.positions.values():
            await output.write(lines.as_json(position, stream))
        if stream.portfolio is not None:
            await output.write(lines.as_json(stream.portfolio, stream))
    else:
        if stream.states:
            console.print(Prices().table(stream, console.width, len(stream.states)))
        if stream.account is not None:
            console.print(account.totals(stream), soft_wrap=True)
            console.print(Account().table(stream, console.width, len(stream.positions)))
    return all(stream.is_current(symbol) for symbol in stream.states)


async def _settled(stream: Stream) -> None:
    try:
        # Whether there is a server at all is told, and waited for, by the stream itself.
        async with asyncio.timeout(None) as limit:
            async for event in stream:
                if isinstance(event, Hello):
                    limit.reschedule(asyncio.get_running_loop().time() + WAIT_S)
                if _is_settled(stream):
                    return
    except TimeoutError:
        # What has come by then is all there is to show.
        return


def _is_settled(stream: Stream) -> bool:
    if stream.hello is None:
        return False
    if "account" in stream.feeds and (stream.account is None or stream.portfolio is None):
        return False
    if any(each.state is SymbolState.PENDING for each in stream.positions.values()):
        return False
    return all(
        symbol in stream.ticks or status.state is SymbolState.REFUSED
        for symbol, status in stream.states.items()
    )
