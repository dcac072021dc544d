"""Work apart: its result, its failure, and no lost cancellation."""

from __future__ import annotations

import asyncio

import pytest

from tapecast.tasks import apart


async def test_result_and_failure_are_those_of_the_work() -> None:
    """As if it had been awaited."""

    async def give() -> int:
        return 7

    async def fail() -> None:
        raise ValueError("no")

    assert await apart(give()) == 7
    with pytest.raises(ValueError, match="no"):
        await apart(fail())


async def test_cancelling_ends_the_work_first() -> None:
    """Nothing is left behind, also when it is asked twice."""
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(30)
        finally:
            await asyncio.sleep(0.01)
            ended.append("work")

    task = asyncio.create_task(apart(work()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["work"]


async def test_a_group_cancelled_while_its_child_fails_still_ends_the_loop() -> None:
    """The case that Python 3.11 and 3.12 get wrong."""

    async def fail_when_cancelled() -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            raise ValueError from None

    async def group() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail_when_cancelled())

    async def loop() -> None:
        while True:
            try:
                await apart(group())
            except* ValueError:
                await asyncio.sleep(0)

    task = asyncio.create_task(loop())
    await asyncio.sleep(0.01)
    task.cancel()
    async with asyncio.timeout(30):
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_failing_group_does_not_end_the_loop() -> None:
    """The loop goes round again after a failure that nobody asked for."""
    rounds: list[None] = []

    async def fail() -> None:
        rounds.append(None)
        raise ValueError

    async def group() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())

    for _ in range(3):
        try:
            await apart(group())
        except* ValueError:
            await asyncio.sleep(0)
    assert len(rounds) == 3
