"""The market clock, asked on a clock that stands."""

from __future__ import annotations

import asyncio

import pytest

from tapecast.errors import FeedTransient
from tapecast.feeds.alpaca.hours import Hours, MarketClock
from tapecast.feeds.alpaca.limits import Limits

SECOND = 1_000_000_000
NOW = 1_760_000_000 * SECOND


class Venue:
    """Answers in turn; an answer of None is a failure."""

    def __init__(self, *answers: MarketClock | None) -> None:
        self._answers = list(answers)
        self.now_ns = NOW
        self.said: list[bool] = []
        self.hours = Hours(self.ask, self.said.append, Limits(), lambda: self.now_ns)

    async def ask(self) -> MarketClock:
        answer = self._answers.pop(0)
        if answer is None:
            raise FeedTransient("rest_unreachable", "")
        return answer


async def test_every_answer_is_reported() -> None:
    """Open or closed, as the venue says."""
    venue = Venue(MarketClock(True, NOW), MarketClock(False, NOW))
    await venue.hours.look()
    await venue.hours.look()
    assert venue.said == [True, False]


async def test_the_next_question_comes_at_the_change_or_after_minutes() -> None:
    """A change far off is looked at every five minutes, a near one when it happens, a late one soon."""
    venue = Venue(*(MarketClock(True, NOW + s * SECOND) for s in (3600, 90, -5)))
    assert [await venue.hours.look() for _ in range(3)] == [300, 90, 1]


async def test_an_overdue_change_is_asked_for_less_and_less_often() -> None:
    """Each question is one of the account's 200 a minute; after the change it begins anew."""
    late, early = MarketClock(True, NOW - SECOND), MarketClock(False, NOW + 90 * SECOND)
    venue = Venue(*[late] * 7, early, late)
    assert [await venue.hours.look() for _ in range(9)] == [1, 2, 4, 8, 16, 30, 30, 90, 1]


async def test_a_clock_never_reached_means_open() -> None:
    """Without any answer the market is taken as open, and asked again soon."""
    venue = Venue(None)
    assert await venue.hours.look() == Limits().clock_retry_s
    assert venue.said == [True]


async def test_the_last_answer_stands_until_its_change() -> None:
    """A clock that fails at night does not open the market; after the opening it does."""
    venue = Venue(MarketClock(False, NOW + 60 * SECOND), None, None)
    await venue.hours.look()
    await venue.hours.look()
    assert venue.said == [False]
    venue.now_ns += 60 * SECOND
    await venue.hours.look()
    assert venue.said == [False, True]


@pytest.mark.parametrize("answer", [MarketClock(False, NOW), None])
async def test_the_first_answer_is_waited_for(answer: MarketClock | None) -> None:
    """A failure is an answer as well: the market is taken as open."""
    venue = Venue(answer)
    waiting = asyncio.create_task(venue.hours.first())
    await asyncio.sleep(0)
    assert not waiting.done()
    await venue.hours.look()
    async with asyncio.timeout(30):
        await waiting
    assert venue.said == [answer is None]


async def test_a_slow_clock_is_not_waited_for_long() -> None:
    """It serves a word on the page, and must not keep the prices away."""
    hours = Hours(Venue().ask, lambda _: None, Limits(clock_first_s=0.01))
    async with asyncio.timeout(30):
        await hours.first()


async def test_following_asks_for_ever() -> None:
    """The follower goes on after the first answer."""
    asked = asyncio.Event()
    answers = iter([MarketClock(True, 0)] * 2)

    async def ask() -> MarketClock:
        answer = next(answers, None)
        if answer is None:
            asked.set()
            await asyncio.Event().wait()
        assert answer is not None
        return answer

    hours = Hours(ask, lambda _: None, Limits(clock_every_s=0.0))
    task = asyncio.create_task(hours.follow())
    async with asyncio.timeout(30):
        await asked.wait()
    task.cancel()
    await asyncio.wait([task])
