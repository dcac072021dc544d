"""The status board: many processes, one answer."""

from __future__ import annotations

from typing import Any

import pytest

from tapecast import __version__
from tapecast.api.board import REFUSED_SHOWN, StatusBoard
from tapecast.api.dispatcher import Dispatcher
from tapecast.api.mailbox import NOTHING
from tapecast.api.markets import Markets
from tapecast.bus.codec import Beat, IngestStatus, LeaseStatus, ReplicaStatus
from tapecast.market import FeedState, Market
from tests.api.account.support import AS_OF, Broker
from tests.api.support import Bench, taken, view_of
from tests.support import HandClock


class Desk:
    """A board whose replica has three streams."""

    def __init__(self) -> None:
        self.time = HandClock()
        self.markets = Markets(self.time.clock)
        self.board = StatusBoard("api-1", self.time.clock, self.markets, lambda: 3)


@pytest.fixture
def desk() -> Desk:
    """A board that has heard nothing."""
    return Desk()


def ingest(name: str = "ingest-1", **more: Any) -> IngestStatus:
    """What an ingest process says of itself."""
    values = {
        "server_time": 1, "feeds": [], "leases": {}, "active_symbols": [], "refused": {}, "messages": 0,
        "messages_per_second": 0.0, "newest_ts_recv": 0, "reconnects": 0, "rejected": {},
    }  # fmt: skip
    return IngestStatus(name, "0", **values | more)  # type: ignore[arg-type]


def test_a_lone_replica_knows_itself(desk: Desk) -> None:
    """Nothing is invented: what is not known is empty or null."""
    report = desk.board.report()
    assert (report.stream_count, report.replicas, report.version) == (3, 1, __version__)
    assert report.newest_tick_age_s is None
    assert report.alpaca_connected is False
    assert report.active_symbols == []


def test_replicas_add_up(desk: Desk) -> None:
    """Its own count a replica knows better than Redis does."""
    desk.board.on_replica(ReplicaStatus("api-1", "0", 1, 99))
    desk.board.on_replica(ReplicaStatus("api-2", "0", 1, 4))
    desk.board.on_replica(ReplicaStatus("api-2", "0", 2, 5))
    report = desk.board.report()
    assert (report.stream_count, report.replicas) == (8, 2)


def test_ingests_add_up(desk: Desk) -> None:
    """Symbols are merged, rates and counts are summed, the newest tick is the newest of all."""
    desk.board.newest_ts_recv = 1
    one = ingest("a", active_symbols=["MSFT", "AAPL"], refused={"X": "cap"}, messages_per_second=1.25)
    other = ingest("b", active_symbols=["BTC/USD"], messages_per_second=2.0, reconnects=2)
    newest = desk.time.clock.micros() - 1_500_000
    desk.board.on_ingest(one)
    desk.board.on_ingest(other)
    desk.board.on_ingest(ingest("c", newest_ts_recv=newest, reconnects=1))
    report = desk.board.report()
    assert report.active_symbols == ["AAPL", "BTC/USD", "MSFT"]
    assert report.refused == {"X": "cap"}
    assert (report.messages_per_second, report.reconnects) == (3.2, 3)
    assert report.newest_tick_age_s == 1.5


def test_what_only_a_position_wants_is_told_to_nobody(desk: Desk) -> None:
    """Neither by name nor by number; the hub knows all the same that it is refused."""
    status = ingest(
        "a", active_symbols=["AAPL", "TSLA"], refused={"X": "cap", "Y": "cap"}, private=["TSLA", "Y"]
    )
    desk.board.on_ingest(status)
    report = desk.board.report()
    assert (report.active_symbols, report.refused, report.refused_count) == (["AAPL"], {"X": "cap"}, 1)
    assert desk.board.refused == {"X": "cap", "Y": "cap"}
    # Another process has heard of a client that asks for it.
    desk.board.on_ingest(ingest("b", active_symbols=["TSLA"], refused={"Y": "cap"}))
    report = desk.board.report()
    assert (report.active_symbols, report.refused_count) == (["AAPL", "TSLA"], 2)


def test_what_the_venue_did_wrong_adds_up(desk: Desk) -> None:
    """Senseless messages by kind, in a fixed order, and the symbols that had to be subscribed anew."""
    assert (desk.board.report().rejected, desk.board.report().resubscribed) == ({}, 0)
    desk.board.on_ingest(ingest("a", rejected={"type": 3, "price": 1}, resubscribed=2))
    desk.board.on_ingest(ingest("b", rejected={"frame": 1, "price": 4}, resubscribed=5))
    report = desk.board.report()
    assert list(report.rejected.items()) == [("frame", 1), ("price", 5), ("type", 3)]
    assert report.resubscribed == 7


def test_the_newer_lease_is_shown(desk: Desk) -> None:
    """A killed owner's status is still there when its successor's comes."""
    old, new = LeaseStatus("a", 1), LeaseStatus("b", 2)
    desk.board.on_ingest(ingest("b", leases={"us_equity": new}))
    desk.board.on_ingest(ingest("a", leases={"us_equity": old, "crypto": old}))
    assert desk.board.report().lease == {"us_equity": new, "crypto": old}


def test_only_the_owner_of_a_market_speaks_for_it(desk: Desk) -> None:
    """What a former owner was refused may be served by now; what no market's owner says, anybody may."""
    option = "AAPL240315C00172500"
    old = ingest("a", refused={"MSFT": "symbol_limit", option: "no_feed"}, active_symbols=["AAPL"])
    desk.board.on_ingest(old)
    assert desk.board.refused == {"MSFT": "symbol_limit", option: "no_feed"}
    desk.board.on_ingest(ingest("b", leases={"us_equity": LeaseStatus("b", 2)}, active_symbols=["MSFT"]))
    assert desk.board.refused == {option: "no_feed"}
    assert desk.board.report().active_symbols == ["MSFT"]


def test_a_silent_process_is_forgotten(desk: Desk) -> None:
    """Fifteen seconds by our own clock, whatever the other's clock says."""
    desk.board.on_ingest(ingest(active_symbols=["AAPL"], refused={"X": "cap"}))
    desk.board.on_replica(ReplicaStatus("api-2", "0", 1, 4))
    desk.time.advance(14.9)
    desk.board.sweep()
    assert desk.board.report().replicas == 2
    desk.time.advance(0.1)
    desk.board.sweep()
    report = desk.board.report()
    assert (report.replicas, report.active_symbols, report.refused) == (1, [], {})


def test_of_very_many_refused_ones_not_all_are_listed(desk: Desk) -> None:
    """Anybody may make them up, and anybody may ask for the status."""
    desk.board.on_ingest(ingest("a", refused=dict.fromkeys(map(str, range(REFUSED_SHOWN + 5)), "no_feed")))
    report = desk.board.report()
    assert (len(report.refused), report.refused_count) == (REFUSED_SHOWN, REFUSED_SHOWN + 5)


def test_clocks_that_are_off_are_named(desk: Desk) -> None:
    """Ours too, which its status's writer has measured; what is right is not worth a word."""
    assert desk.board.report().clock_offset_s == {}
    desk.board.on_replica(ReplicaStatus("api-1", "0", 1, 3, clock_offset_s=-5))
    desk.board.on_replica(ReplicaStatus("api-2", "0", 1, 4))
    desk.board.on_ingest(ingest("ingest-1", clock_offset_s=3600))
    assert desk.board.report().clock_offset_s == {"api-1": -5, "ingest-1": 3600}
    desk.board.on_replica(ReplicaStatus("api-1", "0", 1, 3))
    assert desk.board.report().clock_offset_s == {"ingest-1": 3600}


def test_only_a_fresh_beat_of_a_real_venue_is_a_connection(desk: Desk) -> None:
    """The word of an ingest that fell silent three seconds ago does not count."""
    desk.markets.on_beat(Beat(Market.US_EQUITY, 1, 1, FeedState.LIVE, 1))
    assert desk.board.report().alpaca_connected
    desk.time.advance(4)
    assert not desk.board.report().alpaca_connected


def test_it_says_what_it_is(desk: Desk) -> None:
    """What other replicas add up."""
    assert desk.board.own_status() == ReplicaStatus(
        "api-1", __version__, desk.time.clock.micros(), stream_count=3
    )


def test_a_newcomer_is_told_how_things_stand(desk: Desk) -> None:
    """By itself: the others know it."""
    mailbox = NOTHING.new()
    desk.board.introduce(mailbox)
    ((name, data),) = taken(mailbox)
    assert (name, data["stream_count"]) == ("status", 3)


def test_readers_get_it_at_once_on_change_and_every_fifteen_seconds(desk: Desk) -> None:
    """A rate that moves is no change."""
    view = view_of(Dispatcher(desk.time.clock.now))
    mailbox = view.mailbox
    desk.board.add(view)
    desk.board.sweep()
    assert [name for name, _ in taken(mailbox)] == ["status"]
    desk.board.on_ingest(ingest(messages_per_second=5.0, newest_ts_recv=1))
    desk.board.sweep()
    assert taken(mailbox) == []
    desk.board.on_ingest(ingest(active_symbols=["AAPL"]))
    desk.board.sweep()
    assert [data["active_symbols"] for _, data in taken(mailbox)] == [["AAPL"]]
    desk.time.advance(14)
    desk.board.sweep()
    assert taken(mailbox) == []
    desk.time.advance(1)
    desk.board.sweep()
    assert len(taken(mailbox)) == 1
    desk.board.remove(view)
    desk.board.remove(view)
    desk.time.advance(60)
    desk.board.sweep()
    assert taken(mailbox) == []


def test_the_account_is_told_where_it_is_known() -> None:
    """In the JSON, and as a `status` event on a change of its state; each read of it alone is none."""
    bench = Bench()
    view = view_of(bench.dispatcher)
    bench.hub.board.add(view)
    bench.hub.board.sweep()
    assert "account" not in taken(view.mailbox)[0][1]
    broker = Broker(bench)
    broker.tell()
    bench.hub.board.sweep()
    ((_, data),) = taken(view.mailbox)
    assert (data["account"]["state"], data["account"]["as_of"]) == ("live", AS_OF)
    broker.change(as_of="2023-11-14T22:13:30Z")
    bench.hub.board.sweep()
    assert taken(view.mailbox) == []
    broker.change(state=FeedState.FAILED, reason="auth_failed")
    bench.hub.board.sweep()
    ((_, data),) = taken(view.mailbox)
    assert (data["account"]["reason"], data["account"]["as_of"]) == ("auth_failed", "2023-11-14T22:13:30Z")
