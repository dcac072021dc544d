"""What every api tells of the others, alike."""

from __future__ import annotations

from typing import Any

import pytest

from tapecast.api.deployment import ALIKE, Deployment
from tapecast.bars import BarCounts
from tapecast.bus.codec import AccountStatus, IngestStatus, LeaseStatus, ReplicaStatus
from tapecast.bus.histogram import Histogram
from tapecast.market import FeedState
from tests.api.account.support import Broker
from tests.api.support import EPOCH, Bench


@pytest.fixture
def bench() -> Bench:
    """A hub that has heard nothing but its link."""
    return Bench()


def told(bench: Bench) -> dict[str, float]:
    """Every sample by its name and its labels' values."""
    return {
        " ".join((sample.name.removeprefix("tapecast_"), *sample.labels.values())): sample.value
        for family in Deployment(bench.hub).collect()
        for sample in family.samples
    }


def ingest(name: str, **more: Any) -> IngestStatus:
    """What an ingest process says of itself."""
    values = {
        "server_time": 1, "feeds": [], "leases": {}, "active_symbols": [], "refused": {}, "messages": 0,
        "messages_per_second": 0.0, "newest_ts_recv": 0, "reconnects": 0, "rejected": {},
    }  # fmt: skip
    return IngestStatus(name, "0", **values | more)  # type: ignore[arg-type]


def test_of_nothing_heard_nothing_is_invented(bench: Bench) -> None:
    """A replica alone."""
    found = told(bench)
    assert (found["redis_up"], found["replicas"], found["clock_offset_seconds api-1"]) == (1, 1, 0)
    assert not [
        name for name in found if name.startswith(("feed_state", "ingest", "lease", "newest", "redis_l"))
    ]


def test_what_bars_come_to(bench: Bench) -> None:
    """By process, as everything that ingest counts."""
    bench.hub.on_ingest(ingest("i-1", bars=BarCounts(2, 30, 4, 5, 1)))
    found = told(bench)
    assert found["ingest_bars_symbols i-1"] == 2
    totals = [found[f"ingest_bars_{name}_total i-1"] for name in ("told", "corrected", "asked", "failed")]
    assert totals == [30, 4, 5, 1]


def test_a_feed_is_in_one_state(bench: Bench) -> None:
    """One series for each state there is, of which one is 1."""
    bench.beat()
    bench.hub.sweep()
    assert told(bench)["feed_state us_equity live"] == 1
    bench.beat(FeedState.FAILED, seq=2)
    found = told(bench)
    states = {name: value for name, value in found.items() if name.startswith("feed_state us_equity")}
    assert len(states) == len(FeedState)
    assert [name for name, value in states.items() if value] == ["feed_state us_equity failed"]


def test_a_lost_redis_is_told(bench: Bench) -> None:
    """And why it refuses us, while it does."""
    bench.hub.on_link(False)
    bench.hub.on_refused("cache_full")
    found = told(bench)
    assert (found["redis_up"], found["redis_refuses cache_full"]) == (0, 1)
    bench.hub.on_link(True)
    bench.hub.on_refused("")
    found = told(bench)
    assert found["redis_up"] == 1
    assert "redis_refuses cache_full" not in found


def test_the_way_through_redis_is_measured_on_our_own_words(bench: Bench) -> None:
    """Once for each, also if it is read again after a lost link."""
    written = bench.hub.board.own_status()
    bench.time.advance(0.25)
    bench.hub.on_replica(written)
    assert told(bench)["redis_lag_seconds"] == 0.25
    bench.time.advance(10)
    bench.hub.on_replica(written)
    assert told(bench)["redis_lag_seconds"] == 0.25


def test_what_ingests_count_is_told_by_process(bench: Bench) -> None:
    """By type, by reason, and their flushes as a histogram."""
    flushes = Histogram((0.1, 1.0))
    flushes.observe(0.5, 3)
    bench.hub.on_ingest(
        ingest(
            "a",
            received={"trade": 5, "quote": 7},
            rejected={"price": 2},
            reconnects=1,
            resubscribed=4,
            flushes=flushes,
            clock_offset_s=-3,
            active_symbols=["AAPL", "HELD", "MSFT"],
            refused={"W": "symbol_limit", "X": "symbol_limit", "Y": "symbol_limit", "Z": "no_feed"},
            private=["HELD", "W"],
            leases={"us_equity": LeaseStatus("a", EPOCH)},
            newest_ts_recv=bench.time.clock.micros(),
            account=AccountStatus(FeedState.LIVE, calls=9, limited=1, reconnects=2, order_events=3),
        )
    )
    bench.hub.on_ingest(ingest("b", reconnects=2))
    bench.hub.on_replica(ReplicaStatus("api-2", "0", 1, 4, clock_offset_s=5))
    bench.time.advance(1.5)
    found = told(bench)
    assert found["ingest_messages_total a trade"] == 5
    assert found["ingest_rejected_total a price"] == 2
    assert (found["ingest_reconnects_total a"], found["ingest_reconnects_total b"]) == (1, 2)
    assert found["ingest_resubscribed_total a"] == 4
    assert [found[f"ingest_flush_seconds_bucket a {le}"] for le in ("0.1", "1.0", "+Inf")] == [0, 3, 3]
    assert (found["ingest_flush_seconds_count a"], found["ingest_flush_seconds_sum a"]) == (3, 1.5)
    # Nothing that moves with an order: anybody may read this.
    account = {name: value for name, value in found.items() if name.startswith("ingest_account_")}
    assert account == {"ingest_account_limited_total a": 1, "ingest_account_reconnects_total a": 2}
    assert found["lease_held us_equity a"] == 1
    assert (found["symbols_active"], found["symbols_refused symbol_limit"]) == (2, 2)
    assert found["newest_tick_age_seconds"] == 1.5
    assert [found[f"clock_offset_seconds {each}"] for each in ("a", "api-1", "api-2", "b")] == [-3, 0, 5, 0]
    assert found["replicas"] == 2


def test_the_account_is_in_one_state_and_has_an_age(bench: Bench) -> None:
    """While somebody keeps it, or listens to it here; else nothing is known of it."""
    assert not [name for name in told(bench) if name.startswith("account")]
    Broker(bench, state=FeedState.RECONNECTING, reason="rest_unreachable").tell()
    bench.time.advance(3)
    found = told(bench)
    states = {name for name, value in found.items() if name.startswith("account_state") and value}
    assert (states, found["account_age_seconds"]) == ({"account_state reconnecting"}, 3)
    bench.time.advance(60)
    assert not [name for name in told(bench) if name.startswith("account")]
    bench.connect(positions=True)
    assert told(bench)["account_state connecting"] == 1
    Broker(bench, as_of="").tell()
    assert "account_age_seconds" not in told(bench)


def test_none_of_it_is_added_over_workers(bench: Bench) -> None:
    """All workers of an api tell the same, and one is enough."""
    bench.hub.on_refused("cache_full")
    bench.hub.on_replica(bench.hub.board.own_status())
    bench.hub.on_ingest(ingest("a", newest_ts_recv=1))
    Broker(bench).tell()
    names = {family.name for family in Deployment(bench.hub).collect()}
    assert names == set(ALIKE) - {"tapecast_build_info"}
