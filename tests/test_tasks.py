"""A swallowed cancellation is noticed."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from tapecast.tasks import raise_if_cancelled


async def test_a_task_that_nobody_cancelled_goes_on() -> None:
    """Nothing is raised, also after a time limit has come and gone."""
    raise_if_cancelled()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await asyncio.sleep(30)
    raise_if_cancelled()


async def test_a_swallowed_cancellation_is_raised_again() -> None:
    """A loop that catches a group's failure ends when it was asked to."""

    async def stubborn() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(30)
        raise_if_cancelled()
        await asyncio.sleep(30)

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    task.cancel()
    async with asyncio.timeout(30):
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_group_cancelled_while_its_child_fails_still_ends_the_task() -> None:
    """The case that Python 3.11 and 3.12 get wrong."""

    async def fail_when_cancelled() -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            raise ValueError from None

    async def loop() -> None:
        while True:
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(fail_when_cancelled())
            except* ValueError:
                raise_if_cancelled()

    task = asyncio.create_task(loop())
    await asyncio.sleep(0.01)
    task.cancel()
    async with asyncio.timeout(30):
        with pytest.raises(asyncio.CancelledError):
            await task
