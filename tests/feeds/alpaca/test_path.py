"""The state that a listener hears of."""

from __future__ import annotations

from tapecast.feeds.alpaca.path import VenuePath
from tapecast.market import FeedState
from tests.feeds.alpaca.venue import Recorder


def test_each_change_is_told_once() -> None:
    """Repeating a state says nothing."""
    recorder = Recorder()
    path = VenuePath(recorder)
    path.idle()
    path.idle()
    path.dialling()
    path.live()
    path.live()
    assert [state for state, _ in recorder.states] == ["idle", "connecting", "live"]


def test_a_lost_path_keeps_its_reason_until_it_is_live() -> None:
    """Dialling again is still reconnecting, for the reason of the loss."""
    recorder = Recorder()
    path = VenuePath(recorder)
    path.lost("silent")
    path.dialling()
    path.lost("connection_limit")
    path.live()
    assert recorder.states == [
        (FeedState.RECONNECTING, "silent"),
        (FeedState.RECONNECTING, "connection_limit"),
        (FeedState.LIVE, None),
    ]


def test_a_closed_market_is_closed_instead_of_live() -> None:
    """The clock changes the word while the path is healthy."""
    recorder = Recorder()
    path = VenuePath(recorder)
    path.live()
    path.market_is(False)
    path.market_is(True)
    assert [state for state, _ in recorder.states] == ["live", "closed", "live"]


def test_a_closed_market_does_not_hide_a_lost_path() -> None:
    """Reconnecting stays reconnecting at night, and comes back as closed."""
    recorder = Recorder()
    path = VenuePath(recorder)
    path.market_is(False)
    path.lost("silent")
    path.live()
    assert [state for state, _ in recorder.states] == ["idle", "reconnecting", "closed"]
