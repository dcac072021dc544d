"""The waits fit each other and the account's budget."""

from __future__ import annotations

from tapecast.bus.keys import ACCOUNT_SILENT_S, ACCOUNT_TOUCH_S
from tapecast.feeds.alpaca.rest_limit import FEW
from tapecast.ingest.account.timing import Timing

TIMING = Timing()
CALLS_PER_READ = 2
BUDGET = 200


def test_a_quiet_account_costs_little() -> None:
    """Ten calls a minute at most, one read of orders and of pairs included, or orders in each poll."""
    assert 60 / TIMING.poll_s * CALLS_PER_READ + 2 <= 10
    assert 60 / TIMING.poll_s * (CALLS_PER_READ + 1) <= 10


def test_a_wild_account_leaves_a_quarter_to_others() -> None:
    """And we never use so many ourselves that we would have to leave off: not with burst, poll and orders."""
    assert 60 / TIMING.sustained_s * CALLS_PER_READ <= BUDGET * 3 / 4
    reads, lists = 60 / TIMING.sustained_s + TIMING.burst, 60 / TIMING.later_apart_s
    assert reads * CALLS_PER_READ + lists + 1 < BUDGET - FEW


def test_a_fill_is_seen_within_a_second() -> None:
    """With the first read and with the second; and while they go on, with what is left for the answer."""
    assert TIMING.soon_s + TIMING.apart_s + TIMING.pauses_s[0] < 1
    assert TIMING.sustained_s <= 0.8


def test_what_differs_is_said_before_the_poll_decides() -> None:
    """And the poll, not a read that was asked for, decides."""
    assert sum(TIMING.pauses_s) < TIMING.decided_s <= TIMING.poll_s
    assert TIMING.odd_s >= 2 * TIMING.poll_s


def test_positions_are_read_again_until_the_poll() -> None:
    """The pauses grow, and end before it."""
    assert sorted(TIMING.pauses_s) == list(TIMING.pauses_s)
    assert sum(TIMING.pauses_s) < TIMING.poll_s


def test_a_missed_touch_is_no_silence() -> None:
    """Two in a row may be late."""
    assert ACCOUNT_SILENT_S >= 2 * ACCOUNT_TOUCH_S
