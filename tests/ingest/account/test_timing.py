"""The waits fit each other and the account's budget."""

from __future__ import annotations

from tapecast.bus.keys import ACCOUNT_SILENT_S, ACCOUNT_TOUCH_S
from tapecast.ingest.account.timing import Timing

TIMING = Timing()
CALLS_PER_READ = 2
BUDGET = 200


def test_a_quiet_account_costs_little() -> None:
    """Ten calls a minute at the most, one read of the orders and of the pairs included."""
    assert 60 / TIMING.poll_s * CALLS_PER_READ + 2 <= 10


def test_a_wild_account_leaves_a_third_to_others() -> None:
    """After its burst."""
    assert 60 / TIMING.sustained_s * CALLS_PER_READ <= BUDGET * 2 / 3
    assert (60 / TIMING.sustained_s + TIMING.burst) * CALLS_PER_READ < BUDGET


def test_a_fill_is_seen_within_a_second() -> None:
    """With the first read and with the second."""
    assert TIMING.soon_s + TIMING.apart_s + TIMING.pauses_s[0] < 1


def test_positions_are_read_again_until_the_poll() -> None:
    """The pauses grow, and end before it."""
    assert sorted(TIMING.pauses_s) == list(TIMING.pauses_s)
    assert sum(TIMING.pauses_s) < TIMING.poll_s


def test_a_missed_touch_is_no_silence() -> None:
    """Two in a row may be late."""
    assert ACCOUNT_SILENT_S >= 2 * ACCOUNT_TOUCH_S
