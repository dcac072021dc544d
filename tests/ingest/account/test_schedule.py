"""When the account is read, in time that a test turns."""

from __future__ import annotations

import pytest

from tapecast.errors import FeedFatal, FeedTransient
from tapecast.ingest.account.schedule import Schedule
from tapecast.ingest.account.timing import Timing

TIMING = Timing()
START = 1000.0


def due(schedule: Schedule, *, is_streaming: bool = True, is_scarce: bool = False) -> float:
    """When the next read is, after the start."""
    when = schedule.when(is_streaming=is_streaming, is_scarce=is_scarce)
    return round(when - START, 6)


@pytest.fixture
def schedule() -> Schedule:
    """One that has just read."""
    schedule = Schedule(TIMING)
    assert due(schedule) < 0
    schedule.begin(START)
    return schedule


def test_polls(schedule: Schedule) -> None:
    """More often without order events, and as often when few calls are left."""
    assert due(schedule) == TIMING.poll_s
    assert due(schedule, is_streaming=False) == TIMING.poll_lost_s
    assert due(schedule, is_scarce=True) == TIMING.poll_s


def test_a_fill_is_read_at_once(schedule: Schedule) -> None:
    """Unless few calls are left; a second fill does not put it off."""
    schedule.soon(START + 5)
    assert due(schedule) == 5 + TIMING.soon_s
    schedule.soon(START + 5.05)
    assert due(schedule) == 5 + TIMING.soon_s
    assert due(schedule, is_scarce=True) == TIMING.poll_s


def test_fills_that_go_on_share_reads(schedule: Schedule) -> None:
    """One after the other."""
    schedule.soon(START + 0.01)
    assert due(schedule) == TIMING.apart_s


def test_an_order_alone_can_wait(schedule: Schedule) -> None:
    """It changes what can be bought, and is in no hurry; a fill is."""
    schedule.later(START + 1)
    assert due(schedule) == TIMING.later_apart_s
    schedule.soon(START + 2)
    assert due(schedule) == 2 + TIMING.soon_s
    schedule.begin(START + 10)
    schedule.later(START + 18)
    assert due(schedule) == 18 + TIMING.later_s


def test_a_wild_minute_stays_in_the_budget() -> None:
    """A fill every 50 ms: at first as fast as may be, then 75 reads a minute; a quiet minute: three polls."""
    for fills, most in ((1200, 80), (0, 3)):
        schedule, reads, now = Schedule(TIMING), 0, START
        schedule.begin(START)
        for step in range(1200):
            now = START + step * 0.05 + 0.01
            if step < fills:
                schedule.soon(now)
            if due(schedule) <= now - START:
                schedule.begin(now)
                reads += 1
        assert most - 15 <= reads <= most


@pytest.mark.parametrize("every_s", [0.1, 0.33, 0.79, 0.81])
def test_each_of_many_fills_is_read_soon(schedule: Schedule, every_s: float) -> None:
    """For a minute; what is left of the second is for the venue's answer."""
    next_fill, waiting, longest = START + 5, [], 0.0
    for step in range(500, 6500):
        now = START + step / 100
        if now >= next_fill:
            next_fill += every_s
            waiting.append(now)
            schedule.soon(now)
        if due(schedule) <= now - START:
            longest = max([longest, *(now - fill for fill in waiting)])
            waiting.clear()
            schedule.begin(now)
    assert longest <= 0.82


def test_a_failed_read_is_tried_again_ever_later(schedule: Schedule) -> None:
    """Up to the poll's pace; fills do not hurry it; success forgives."""
    error, now, pauses = FeedTransient("rest_unreachable", ""), START, []
    for _ in range(12):
        schedule.failed(error, now, is_final=False)
        schedule.soon(now)
        pauses.append(due(schedule) - (now - START))
        now = START + due(schedule)
        schedule.begin(now)
    assert TIMING.retry_first_s / 2 <= pauses[0] <= TIMING.retry_first_s
    assert all(TIMING.poll_s / 2 <= pause <= TIMING.poll_s for pause in pauses[8:])
    schedule.succeeded()
    schedule.failed(error, now, is_final=False)
    assert due(schedule) - (now - START) <= TIMING.retry_first_s


def test_a_venue_that_names_a_time_is_left_alone_until_then(schedule: Schedule) -> None:
    """Too many calls: none before the next minute."""
    schedule.failed(FeedTransient("rate_limited", "", 429, retry_after=42), START, is_final=False)
    schedule.soon(START)
    assert due(schedule) == 42


def test_refused_keys_are_hardly_tried_again(schedule: Schedule) -> None:
    """Every five minutes, whatever happens meanwhile."""
    schedule.failed(FeedFatal("auth_failed", "", 401), START, is_final=True)
    schedule.soon(START + 1)
    schedule.ask(START + 2)
    assert due(schedule) == TIMING.failed_s


def test_the_first_read_waits_for_the_stream() -> None:
    """For a while, or until its first word."""
    schedule = Schedule(TIMING)
    schedule.hold(START + 1)
    assert due(schedule) == 1
    schedule.hold(0.0)
    assert due(schedule) <= 0


def test_a_read_answers_all_who_asked(schedule: Schedule) -> None:
    """Nobody is left to ask again."""
    schedule.soon(START + 1)
    schedule.later(START + 1)
    schedule.begin(START + 1.1)
    assert due(schedule) == 1.1 + TIMING.poll_s
