"""Several coroutines as one."""

from __future__ import annotations

import asyncio

import pytest

from tapecast.errors import FeedFatal, FeedTransient
from tapecast.feeds.alpaca.together import together


async def fail(error: Exception) -> None:
    """Fail at once."""
    raise error


async def end() -> None:
    """End at once."""


class Endless:
    """A part that only ends by cancellation, and knows that it did."""

    cancelled = False

    async def run(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled = True


async def test_the_first_to_end_ends_all() -> None:
    """A part that returns cancels the others, and nothing is raised."""
    endless = Endless()
    await together(end(), endless.run())
    assert endless.cancelled


async def test_an_error_comes_out_bare() -> None:
    """One FeedError, in no group."""
    endless = Endless()
    with pytest.raises(FeedTransient, match="lost"):
        await together(endless.run(), fail(FeedTransient("lost", "lost")))
    assert endless.cancelled


async def test_a_fatal_error_wins() -> None:
    """Of several errors the fatal one is told."""
    with pytest.raises(FeedFatal):
        await together(fail(FeedTransient("lost", "lost")), fail(FeedFatal("auth_failed", "no")))


async def test_a_bug_is_not_hidden() -> None:
    """An error that is no FeedError comes out, even beside one."""
    with pytest.raises(ExceptionGroup) as caught:
        await together(fail(KeyError("bug")), fail(FeedTransient("lost", "lost")))
    assert caught.value.subgroup(KeyError)


async def test_cancelling_cancels_all() -> None:
    """A cancellation from outside reaches every part and stays a cancellation."""
    endless = Endless()
    task = asyncio.create_task(together(endless.run()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert endless.cancelled
