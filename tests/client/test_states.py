"""How a failure is told as a state of the connection."""

from __future__ import annotations

from tapecast.client import ConnectionState, Unreachable
from tapecast.client.states import connection_of


def test_a_loss_says_why_and_for_how_long() -> None:
    """In the code of the failure and in its words."""
    told = connection_of(Unreachable("timeout", "nobody answers"), 3.5)
    assert told.state is ConnectionState.RECONNECTING
    assert (told.reason, told.message, told.retry_in_s) == ("timeout", "nobody answers", 3.5)
