"""One stream, shown in the way that was asked for and that the output can take."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console

from tapecast.client import Stream, connect
from tapecast.clock import Clock
from tapecast.watch import lines, once, screen
from tapecast.watch.output import Output

STDOUT: Final = 1


@dataclass(frozen=True)
class Options:
    """What was asked for."""

    symbols: tuple[str, ...]
    url: str
    ticket: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    positions: bool = False
    interval: int | None = None
    json: bool = False
    once: bool = False


class Terminated(Exception):
    """SIGTERM."""


async def watch(options: Options, console: Console) -> bool:
    """Until the end of it; whether all that was asked for is current. Raises StreamError, BrokenPipeError."""
    shown = asyncio.create_task(_watched(options, console))
    # Else a terminal would be left without its cursor. Windows has no such handlers, nor has a thread.
    with suppress(NotImplementedError, RuntimeError, ValueError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, shown.cancel)
    try:
        await asyncio.wait([shown])
    except asyncio.CancelledError:
        # Ctrl-C: asyncio's runner cancels this task.
        shown.cancel()
        await asyncio.wait([shown])
        raise
    if shown.cancelled():
        raise Terminated
    return shown.result()


async def _watched(options: Options, console: Console) -> bool:
    stream = connect(
        options.url, options.symbols, positions=options.positions, interval=options.interval,
        ticket=options.ticket, token=options.token, patience_s=0,
    )  # fmt: skip
    async with stream:
        return await _shown(stream, options, console)


async def _shown(stream: Stream, options: Options, console: Console) -> bool:
    if options.once:
        return await once.show(
            stream, console, Output(STDOUT), wants_json=options.json, wants_positions=options.positions
        )
    if options.json or not console.is_terminal or console.is_dumb_terminal:
        await _listed(stream, Output(STDOUT), wants_json=options.json)
    else:
        await screen.show(stream, options.url, console, Clock())
    return True


async def _listed(stream: Stream, output: Output, *, wants_json: bool) -> None:
    async for event in stream:
        line = lines.as_json(event, stream) if wants_json else lines.as_text(event, stream)
        if line is not None:
            await output.write(line)
