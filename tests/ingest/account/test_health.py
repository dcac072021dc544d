"""Two paths, one state."""

from __future__ import annotations

import pytest

from tapecast.errors import FeedError, FeedFatal, FeedTransient
from tapecast.ingest.account.health import CONNECTING, LIVE, LOST, Health, Path, path_of
from tapecast.market import FeedState

FAILED = Path(FeedState.FAILED, "auth_failed")
AWAY = Path(FeedState.RECONNECTING, "rest_unreachable")


@pytest.mark.parametrize(
    ("rest", "stream", "worst"),
    [
        (CONNECTING, CONNECTING, CONNECTING),
        (LIVE, CONNECTING, CONNECTING),
        (LIVE, LIVE, LIVE),
        (LIVE, LOST, LOST),
        (CONNECTING, LOST, LOST),
        (AWAY, LOST, AWAY),
        (AWAY, LIVE, AWAY),
        (AWAY, FAILED, FAILED),
        (FAILED, LOST, FAILED),
    ],
)
def test_the_worse_path_is_told(rest: Path, stream: Path, worst: Path) -> None:
    """REST before the stream: without it there are no figures."""
    health = Health()
    health.rest, health.stream = rest, stream
    assert health.worst == worst


@pytest.mark.parametrize(
    ("error", "path"),
    [
        (FeedTransient("rest_unreachable", ""), AWAY),
        (FeedFatal("auth_failed", "", 401), FAILED),
        (FeedFatal("request_refused", "", 404), Path(FeedState.RECONNECTING, "request_refused")),
    ],
)
def test_only_refused_keys_have_failed(error: FeedError, path: Path) -> None:
    """Whatever else is refused may be a proxy's word, and is tried again."""
    assert path_of(error) == path
