"""Codes, texts and HTTP statuses, and the errors that they become."""

from __future__ import annotations

import pytest

from tapecast.errors import FeedError, FeedFatal, FeedTransient
from tapecast.feeds.alpaca.codes import failure, login_failure, upgrade_failure


def slow(error: FeedError) -> bool:
    """Whether the error asks for a long wait."""
    return isinstance(error, FeedTransient) and error.retry_after is not None


@pytest.mark.parametrize("code", [402, 408, 409, 411])
def test_fatal_codes(code: int) -> None:
    """What dialling again cannot help is fatal and keeps its code."""
    error = failure(code, "no")
    assert isinstance(error, FeedFatal)
    assert error.code == code


@pytest.mark.parametrize("code", [401, 404, 407, 500, 999, None])
def test_transient_codes(code: int | None) -> None:
    """The rest may pass, an unknown code too."""
    error = failure(code, "no")
    assert isinstance(error, FeedTransient)
    assert not slow(error)


def test_a_taken_slot_is_left_alone() -> None:
    """406 asks for a long wait."""
    assert slow(failure(406, "connection limit exceeded"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("auth failed", "auth_failed"),
        ("Auth Failed ", "auth_failed"),
        ("insufficient subscription", "insufficient_subscription"),
        ("insufficient scope", "insufficient_scope"),
        ("connection limit exceeded", "connection_limit"),
        ("auth timeout", "auth_timeout"),
        ("something new", "venue_error"),
    ],
)
def test_a_text_leads_back_to_its_code(text: str, reason: str) -> None:
    """The SDK keeps only the text of a refused log-in."""
    assert login_failure(text).reason == reason


@pytest.mark.parametrize(
    ("status", "reason", "is_slow"),
    [
        (401, "http_401", True),
        (403, "http_403", True),
        (404, "http_404", True),
        (429, "too_many_dials", True),
        (503, "http_503", False),
    ],
)
def test_a_refused_upgrade_is_never_fatal(status: int, reason: str, is_slow: bool) -> None:
    """An HTTP status of the upgrade says nothing about our keys."""
    error = upgrade_failure(status)
    assert isinstance(error, FeedTransient)
    assert (error.reason, error.code, slow(error)) == (reason, status, is_slow)
