"""Several coroutines as one: the first to end ends them all, and its error comes out bare."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence

from tapecast.errors import FeedError, FeedFatal
from tapecast.tasks import apart


async def together(*parts: Coroutine[object, object, None]) -> None:
    """Run all parts until one returns or fails; the others are cancelled and awaited.

    When a connection dies its reader, pinger and writer fail in one breath. The caller wants one FeedError,
    a fatal one before any other; an error that is no FeedError is a bug and comes out in its group.
    """
    try:
        await apart(_together(parts))
    finally:
        for part in parts:
            # Does nothing to one that ran; one that never began would be complained of.
            part.close()


async def _together(parts: Sequence[Coroutine[object, object, None]]) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(part) for part in parts]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
    except BaseExceptionGroup as failures:
        raise _most_telling(failures) from None


def _most_telling(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    errors = [error for error in failures.exceptions if isinstance(error, FeedError)]
    if len(errors) < len(failures.exceptions):
        return failures
    return next((error for error in errors if isinstance(error, FeedFatal)), errors[0])
