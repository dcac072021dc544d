"""What an api says of its own streams."""

from __future__ import annotations

import pytest

from tapecast.api.ages import EVERY
from tapecast.api.door import Door
from tapecast.api.exposition import Fanout
from tapecast.bus.codec import SymbolStatus
from tapecast.market import FeedState, SymbolState
from tests.api.account.support import LONG, Broker
from tests.api.support import Bench, tick


@pytest.fixture
def bench() -> Bench:
    """A hub whose feed is live."""
    made = Bench()
    made.beat()
    return made


def told(fanout: Fanout) -> dict[str, float]:
    """Every sample by its name and its labels' values."""
    return {
        " ".join((sample.name.removeprefix("tapecast_"), *sample.labels.values())): sample.value
        for family in fanout.collect()
        for sample in family.samples
    }


def test_streams_are_told_by_kind(bench: Bench) -> None:
    """By what they show, whichever path asked for it; every kind from the start."""
    fanout = Fanout(bench.hub, Door())
    assert [told(fanout)[f"streams {kind}"] for kind in ("prices", "positions", "status", "multiplexed")] == [
        0, 0, 0, 0,
    ]  # fmt: skip
    bench.connect("AAPL")
    gone = bench.connect("AAPL")
    bench.connect(positions=True)
    bench.connect(status=True)
    bench.connect("AAPL", status=True)
    bench.connect("MSFT", positions=True, status=True)
    bench.connect(refused=(SymbolStatus("X", SymbolState.REFUSED, "not_allowed"),))
    found = told(fanout)
    assert found["streams prices"] == 3
    assert found["streams positions"] == found["streams status"] == 1
    assert found["streams multiplexed"] == 2
    assert found["views"] == 6
    gone.line.connection_lost(None)
    assert told(fanout)["streams prices"] == 2


def test_symbols_are_told_by_what_clients_are_shown(bench: Bench) -> None:
    """One that is not known yet is told when it is."""
    fanout = Fanout(bench.hub, Door())
    bench.connect("AAPL", "MSFT")
    bench.connect("AAPL")
    bench.hub.on_cached("AAPL", tick("AAPL", 1), None, 5)
    assert (told(fanout)["symbols live"], told(fanout)["symbols stale"]) == (1, 0)
    bench.hub.on_cached("MSFT", None, None, 0)
    assert told(fanout)["symbols pending"] == 1
    bench.pass_time(30)
    assert (told(fanout)["symbols live"], told(fanout)["symbols stale"]) == (0, 1)


def test_what_a_newer_one_replaced_is_conflated(bench: Bench) -> None:
    """First images are nobody's loss; who listens without a stream is not counted."""
    fanout = Fanout(bench.hub, Door())
    bench.connect("AAPL")
    bench.flush()
    for seq in (1, 2, 3):
        bench.hub.on_tick("AAPL", tick("AAPL", seq, float(seq)))
    bench.listen("AAPL")
    bench.flush()
    assert told(fanout)["ticks_conflated_total"] == 2
    bench.connect("AAPL")
    bench.flush()
    for seq in (4, 5):
        bench.hub.on_tick("AAPL", tick("AAPL", seq, float(seq)))
    bench.flush()
    found = told(fanout)
    assert found["ticks_offered_total"] == 3 + 2 * 2
    assert found["ticks_sent_total"] == 1 + 1 + 2
    assert found["ticks_conflated_total"] == 2 + 2


def test_a_re_priced_position_is_sent_and_was_never_offered(bench: Bench) -> None:
    """It is no news of a symbol, and takes nothing off what was conflated."""
    fanout = Fanout(bench.hub, Door())
    peer = bench.connect("AAPL", positions=True)
    bench.flush()
    peer.client.view.put_position("AAPL", b"event: position\ndata: {}\n\n")
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    bench.flush()
    found = told(fanout)
    names = ("ticks_offered_total", "ticks_sent_total", "ticks_conflated_total")
    assert [found[name] for name in names] == [1, 2, 0]


def test_a_stranger_is_not_told_of_orders_or_of_what_is_held(bench: Bench) -> None:
    """No count but those of bytes and writes moves with an order, and a position's symbol is not counted."""
    fanout, broker = Fanout(bench.hub, Door()), Broker(bench, LONG)
    broker.tell()
    bench.connect(positions=True), bench.connect(positions=True)
    bench.hub.on_cached("AAPL", tick("AAPL", 1), None, 5)
    bench.flush()
    before = told(fanout)
    assert before["symbols live"] == 0
    broker.order(1)
    broker.order(2)
    bench.flush()
    moved = {name for name, value in told(fanout).items() if value != before[name] and "process_" not in name}
    assert moved == {"writes_total", "sent_bytes_total"}
    bench.connect("AAPL")
    assert told(fanout)["symbols live"] == 1


def test_a_counter_never_falls(bench: Bench) -> None:
    """What waits now counts as conflated until it is sent, and is not taken back then."""
    fanout = Fanout(bench.hub, Door())
    bench.connect("AAPL")
    bench.flush()
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    assert told(fanout)["ticks_conflated_total"] == 1
    bench.flush()
    assert told(fanout)["ticks_conflated_total"] == 1


def test_ages_are_of_what_was_published(bench: Bench) -> None:
    """Not of what was found in the cache, nor of first images."""
    fanout = Fanout(bench.hub, Door())
    bench.connect("AAPL")
    bench.flush()
    bench.hub.on_cached("AAPL", tick("AAPL", 1, 1.0, ts_recv=1), None, 5)
    bench.flush()
    assert told(fanout)["tick_age_seconds_count"] == 0
    for seq in range(2, 2 + EVERY):
        bench.hub.on_tick("AAPL", tick("AAPL", seq, float(seq), ts_recv=1))
        bench.flush()
    for _ in range(EVERY):
        bench.connect("AAPL")
    bench.flush()
    found = told(fanout)
    assert found["tick_age_seconds_count"] == found["tick_age_seconds_bucket +Inf"] == 1
    assert found["tick_age_seconds_sum"] > 1_000_000


def test_refusals_and_evictions_are_told_by_reason(bench: Bench) -> None:
    """All reasons from the start: an alert on one that was never told would not see its first."""
    fanout = Fanout(bench.hub, Door())
    bench.hub.audience.limits.refused["rate"] += 2
    peer = bench.connect("AAPL")
    peer.line.abort("stalled")
    peer.line.connection_lost(None)
    found = told(fanout)
    assert [found[f"streams_refused_total {why}"] for why in ("process", "client", "rate")] == [0, 0, 2]
    assert [found[f"streams_evicted_total {why}"] for why in ("stalled", "talks", "drained")] == [1, 0, 0]


def test_the_process_is_told_under_the_standard_names(bench: Bench) -> None:
    """CPU time and memory, as of any process."""
    bench.beat(FeedState.CLOSED)
    found = told(Fanout(bench.hub, Door()))
    assert found["process_cpu_seconds_total"] > 0
    assert found.get("process_resident_memory_bytes", 1e7) >= 1e7
