"""How many streams, for whom, and how fast."""

from __future__ import annotations

import pytest

from tapecast.api.limits import Limits
from tapecast.errors import ClientError
from tapecast.settings import load
from tests.support import HandClock


def limits(time: HandClock | None = None, **env: str) -> Limits:
    """With these settings."""
    return Limits(load({"ACCEPT_RATE": "0"} | env), (time or HandClock()).clock)


def refused(of: Limits, *holders: str) -> str:
    """Why a client of these names is refused now, if it is."""
    before = of.refused.copy()
    try:
        of.require(holders or ("a",))
    except ClientError:
        return next(iter(of.refused - before))
    return ""


def test_one_client_cannot_have_all() -> None:
    """Nor does it keep others out; what it closes it may open again."""
    of = limits(MAX_STREAMS="5", MAX_STREAMS_PER_CLIENT="2")
    of.enter(("a",))
    of.enter(("a",))
    assert refused(of) == "client"
    assert refused(of, "b") == ""
    of.leave(("a",))
    assert refused(of) == ""


def test_there_are_no_more_than_the_process_takes() -> None:
    """Whoever they are."""
    of = limits(MAX_STREAMS="3")
    for client in "abc":
        assert refused(of, client) == ""
        of.enter((client,))
    assert (refused(of, "d"), len(of)) == ("process", 3)
    of.leave(("b",))
    assert refused(of, "d") == ""


def test_none_for_each_is_no_limit() -> None:
    """For a service whose clients all come from one address."""
    of = limits(MAX_STREAMS_PER_CLIENT="0")
    for _ in range(5000):
        of.enter(("a",))
    assert refused(of) == ""


def test_whose_name_is_not_known_has_no_limit_of_its_own() -> None:
    """It may be anybody."""
    of = limits(MAX_STREAMS_PER_CLIENT="1", MAX_STREAMS="3")
    for _ in range(3):
        of.require(())
        of.enter(())
    with pytest.raises(ClientError):
        of.require(())


def test_many_tickets_are_one_client_by_its_address() -> None:
    """And one ticket at many addresses is one by that."""
    of = limits(MAX_STREAMS_PER_CLIENT="2")
    of.enter(("ticket 1", "198.51.100.1"))
    of.enter(("ticket 2", "198.51.100.1"))
    assert refused(of, "ticket 3", "198.51.100.1") == "client"
    assert refused(of, "ticket 1", "198.51.100.2") == ""
    of.enter(("ticket 1", "198.51.100.2"))
    assert refused(of, "ticket 1", "198.51.100.3") == "client"
    of.leave(("ticket 1", "198.51.100.1"))
    assert refused(of, "ticket 1", "198.51.100.3") == ""


def test_who_has_left_is_not_kept() -> None:
    """Of a million addresses that came once, nothing stays."""
    of = limits()
    for number in range(100):
        of.enter((str(number),))
        of.leave((str(number),))
    assert (len(of), of._open) == (0, {})


def test_a_seconds_worth_may_come_at_once_and_then_as_fast_as_it_may() -> None:
    """The crowd that comes back after a deploy is let in over as long as it takes."""
    time = HandClock()
    of = limits(time, ACCEPT_RATE="10")
    assert [refused(of) for _ in range(12)] == [""] * 10 + ["rate"] * 2
    time.advance(0.5)
    assert [refused(of) for _ in range(6)] == [""] * 5 + ["rate"]
    time.advance(3600)
    assert [refused(of) for _ in range(11)] == [""] * 10 + ["rate"]


def test_who_is_refused_anyway_takes_nobodys_turn() -> None:
    """One client that asks again and again does not use the rate up."""
    of = limits(ACCEPT_RATE="1", MAX_STREAMS_PER_CLIENT="1")
    of.enter(("a",))
    assert [refused(of) for _ in range(5)] == ["client"] * 5
    assert refused(of, "b") == ""


def test_requests_without_a_stream_share_the_pace() -> None:
    """They cost as much."""
    of = limits(ACCEPT_RATE="1")
    of.require_pace()
    with pytest.raises(ClientError) as error:
        of.require_pace()
    # One that an EventSource comes back from.
    assert (error.value.status, error.value.code) == (429, "too_many_streams")
    assert error.value.retry_after
