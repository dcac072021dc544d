"""Running something that may fail, from a loop that goes on after the failure."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def apart(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, run in a task of its own that ends with this one.

    On Python 3.11 and 3.12 a TaskGroup that is cancelled in the very moment in which a child of it fails
    raises the failure and forgets the cancellation. A loop that catches failures would then go on for ever,
    and SIGTERM would hang. Here the cancellation reaches the caller whatever the work makes of it.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        task.cancel()
        await _ended(task)
        raise
    return task.result()


async def _ended(task: asyncio.Task[Any]) -> None:
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            # Asked again: the work is on its way out, and must not be left behind.
            continue
    if not task.cancelled():
        # Whatever it failed with on its way out has no reader any more.
        task.exception()
