"""The error tree is what its docstring draws, and each error carries what its catchers ask for."""

from __future__ import annotations

import re

import pytest

from tapecast import errors
from tapecast.errors import BusError, ClientError, FeedError, FeedFatal, FeedTransient, TapecastError


def drawn() -> dict[str, str]:
    """Each name in the drawing -> the name that it hangs from."""
    parents: dict[str, str] = {}
    above = ["TapecastError"]
    for branch, name in re.findall(r"^ +([│ ]*[├└]── )(\w+)", errors.__doc__ or "", re.MULTILINE):
        depth = len(branch) // 4
        parents[name] = above[depth - 1]
        above[depth:] = [name]
    return parents


def test_the_drawing_is_the_tree() -> None:
    """Every class is in the docstring, under its own parent, and nothing else is."""
    real = {
        name: kind.__bases__[0].__name__
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, TapecastError) and kind is not TapecastError
    }
    assert drawn() == real


def test_fatal_and_transient_differ_by_type() -> None:
    """Who catches the one never catches the other."""
    assert not issubclass(FeedFatal, FeedTransient)
    assert not issubclass(FeedTransient, FeedFatal)
    assert not issubclass(FeedError, BusError)


def test_a_feed_error_carries_reason_and_code() -> None:
    """The reason goes to events and metrics, the text to people."""
    error = FeedFatal("auth_failed", "Alpaca refused the key (402)", 402)
    assert (error.reason, error.code, str(error)) == ("auth_failed", 402, "Alpaca refused the key (402)")


@pytest.mark.parametrize("retry_after", [None, 15.0])
def test_a_transient_error_may_ask_for_a_delay(retry_after: float | None) -> None:
    """None means the ordinary backoff."""
    error = FeedTransient("connection_limit", "taken", 406, retry_after)
    assert (error.reason, error.code, error.retry_after) == ("connection_limit", 406, retry_after)


def test_a_client_error_carries_what_the_answer_needs() -> None:
    """Status, stable code, message, and when to come back."""
    error = ClientError(503, "draining", "this replica is shutting down", 2)
    assert (error.status, error.code, error.message, error.retry_after) == (
        503,
        "draining",
        "this replica is shutting down",
        2,
    )
    assert str(error) == error.message
    assert ClientError(404, "not_found", "no such path").retry_after is None
