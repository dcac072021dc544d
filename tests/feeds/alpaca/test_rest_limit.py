"""What is left of the budget, by the venue's headers and a clock that may be off."""

from __future__ import annotations

import pytest

from tapecast.feeds.alpaca.rest_limit import FEW, LONGEST_S, SHORTEST_S, UNKNOWN_S, RateLimit

NOW = 1_700_000_000


def after(**headers: str) -> RateLimit:
    """The limit after an answer with these headers."""
    limit = RateLimit(lambda: float(NOW))
    limit.observe({f"x-ratelimit-{name}": value for name, value in headers.items()})
    return limit


@pytest.mark.parametrize(
    ("remaining", "reset", "scarce"),
    [
        (str(FEW), str(NOW + 30), False),
        (str(FEW - 1), str(NOW + 30), True),
        ("0", str(NOW + 60), True),
        # The minute is over, or it would be a strange one.
        ("0", str(NOW), False),
        ("0", str(NOW + 3600), False),
        ("-1", str(NOW + 30), False),
        ("none", str(NOW + 30), False),
        ("²", str(NOW + 30), False),
        ("9" * 5000, str(NOW + 30), False),
    ],
)
def test_few_calls_are_left_to_others(remaining: str, reset: str, scarce: bool) -> None:
    """Until the next minute, and not for what makes no sense."""
    limit = after(remaining=remaining, reset=reset)
    assert limit.is_scarce is scarce
    assert limit.scarce_s == (int(reset) - NOW if scarce else 0)


def test_a_venue_that_says_nothing_has_enough() -> None:
    """And a reset that is not told is a few seconds away."""
    limit = after()
    assert not limit.is_scarce
    assert limit.until_reset() == UNKNOWN_S


@pytest.mark.parametrize(
    ("reset", "pause"), [(NOW + 30, 30), (NOW - 5, SHORTEST_S), (NOW + 86_400, LONGEST_S)]
)
def test_the_pause_is_bounded(reset: int, pause: float) -> None:
    """A clock that is off costs a minute at most."""
    assert after(reset=str(reset)).until_reset() == pause


def test_the_newest_answer_counts() -> None:
    """One that says nothing takes back what the last one said."""
    limit = after(remaining="0", reset=str(NOW + 30))
    limit.observe({})
    assert not limit.is_scarce
