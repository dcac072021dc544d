"""The hub, by calling it as the subscriber does, with a clock turned by hand."""

from __future__ import annotations

import asyncio

import pytest

from tapecast.api import hub as module
from tapecast.api.topics import HOLD_S
from tapecast.bus import codec
from tapecast.market import FeedState
from tests.api.account.support import LONG, SHORT, Broker, reader
from tests.api.support import EPOCH, Bench, states, taken, tick
from tests.support import eventually


@pytest.fixture
def bench() -> Bench:
    """A hub whose link is up and whose stocks feed is live."""
    bench = Bench()
    bench.beat()
    return bench


def ingest(refused: dict[str, str], name: str = "ingest-1") -> codec.IngestStatus:
    """A status that refuses these symbols."""
    return codec.IngestStatus(name, "0", 1, [], {}, [], refused, 0, 0.0, 0, 0, {})


def test_every_listener_gets_the_published_bytes(bench: Bench) -> None:
    """One frame, shared; the JSON is not touched."""
    one, other = bench.listen("AAPL"), bench.listen("AAPL", "MSFT")
    data = tick("AAPL", 1)
    bench.hub.on_tick("AAPL", data)
    parts = [one.take(), other.take()]
    (_, frame), (_, shared) = [part.frames() for part in parts if part]
    assert frame == b"data: " + data + b"\n\n"
    assert shared is frame


def test_a_tick_that_says_the_same_is_not_sent(bench: Bench) -> None:
    """After the venue's reconnect all symbols are published again; clients hear nothing."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    taken(mailbox)
    bench.hub.on_tick("AAPL", tick("AAPL", 2))
    bench.hub.on_tick("AAPL", tick("AAPL", 1, 99.0))
    assert taken(mailbox) == []
    bench.hub.on_tick("AAPL", tick("AAPL", 3, 101.0))
    assert [data["price"] for _, data in taken(mailbox)] == [101.0]


def test_nothing_is_told_before_the_join_has_answered(bench: Bench) -> None:
    """A `pending` that is taken back a millisecond later helps nobody."""
    mailbox = bench.listen("AAPL")
    bench.hub.sweep()
    assert taken(mailbox) == []
    bench.hub.on_cached("AAPL", tick("AAPL", 1), None, 5.0)
    assert states(taken(mailbox)) == [("live", "")]


def test_a_symbol_without_a_value_is_pending(bench: Bench) -> None:
    """No price is invented."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_cached("AAPL", None, None, 0.0)
    assert taken(mailbox) == [("symbol", {"symbol": "AAPL", "state": "pending"})]


def test_the_last_known_tick_is_shown_as_stale(bench: Bench) -> None:
    """A page opened while nothing is live still paints something, and says what it is."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_cached("AAPL", None, tick("AAPL", 1), 0.0)
    events = taken(mailbox)
    assert states(events) == [("stale", "no_update")]
    assert events[1][1]["price"] == 100.0


def test_the_last_known_tick_is_closed_when_the_owner_says_so(bench: Bench) -> None:
    """On a Sunday, Friday's close stands."""
    bench.beat(FeedState.CLOSED)
    mailbox = bench.listen("AAPL")
    bench.hub.on_cached("AAPL", None, tick("AAPL", 1), 0.0)
    assert states(taken(mailbox)) == [("closed", "")]


def test_the_newer_of_price_and_last_is_shown(bench: Bench) -> None:
    """The join merges by order."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_cached("AAPL", tick("AAPL", 2, 102.0), tick("AAPL", 1, 101.0), 5.0)
    assert [data["price"] for name, data in taken(mailbox) if name == "message"] == [102.0]


def test_a_tick_before_the_answer_of_the_join_wins(bench: Bench) -> None:
    """Published between SUBSCRIBE and the reading of the cache."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_tick("AAPL", tick("AAPL", 3, 103.0))
    bench.hub.on_cached("AAPL", tick("AAPL", 2, 102.0), tick("AAPL", 1, 101.0), 5.0)
    events = taken(mailbox)
    assert states(events) == [("live", "")]
    assert [data["price"] for name, data in events if name == "message"] == [103.0]


@pytest.mark.parametrize("feed", ["simulated", "replay"])
def test_a_demos_last_tick_is_not_shown_by_a_real_feed(bench: Bench, feed: str) -> None:
    """Invented prices, and those of another day, never pass for real ones."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_cached("AAPL", None, tick("AAPL", 1, feed=feed), 0.0)
    assert states(taken(mailbox)) == [("pending", "")]


def test_a_demos_last_tick_is_shown_by_a_demo(bench: Bench) -> None:
    """There it is as good as any."""
    bench.beat(simulated=True)
    mailbox = bench.listen("AAPL")
    bench.hub.on_cached("AAPL", None, tick("AAPL", 1, feed="simulated"), 0.0)
    assert states(taken(mailbox)) == [("stale", "no_update")]


def test_a_quiet_symbol_stays_live_by_beats(bench: Bench) -> None:
    """No trade for a minute is no reason to distrust the last one."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    taken(mailbox)
    for _ in range(60):
        bench.pass_time(1)
        bench.beat()
    assert states(taken(mailbox)) == []


def test_a_beat_vouches_from_when_the_venue_was_heard(bench: Bench) -> None:
    """A venue that froze is stale five seconds after its last word, however lively its owner is."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    taken(mailbox)
    for second in range(1, 5):
        bench.pass_time(1)
        bench.beat(heard_ms_ago=second * 1000)
    assert states(taken(mailbox)) == []
    bench.pass_time(1.3)
    assert states(taken(mailbox))[0][0] == "stale"


def test_a_symbol_of_an_older_session_goes_stale(bench: Bench) -> None:
    """The owner vouches only for what this session has said."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    for _ in range(6):
        bench.pass_time(1)
        bench.beat(seq=2)
    assert states(taken(mailbox)) == [("stale", "no_update")]


def test_a_dead_ingest_makes_everything_stale_in_time(bench: Bench) -> None:
    """Within the time to live of the last beat plus one sweep, with the reason, and only once."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    bench.pass_time(4.75)
    assert states(taken(mailbox)) == [("live", "")]
    bench.pass_time(0.25)
    assert states(taken(mailbox)) == [("stale", "ingest_lost")]
    bench.pass_time(60)
    assert states(taken(mailbox)) == []


def test_a_price_key_that_outlived_its_owner_gives_no_new_life(bench: Bench) -> None:
    """A client that comes four seconds after the owner's death waits one second for `stale`, not five."""
    bench.pass_time(4)
    mailbox = bench.listen("AAPL")
    bench.hub.on_cached("AAPL", tick("AAPL", 1), None, 1.0)
    assert states(taken(mailbox)) == [("live", "")]
    bench.pass_time(1)
    assert states(taken(mailbox)) == [("stale", "ingest_lost")]


def test_a_lost_link_makes_everything_stale_in_time(bench: Bench) -> None:
    """The api needs no Redis to know that it has heard nothing."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    bench.hub.on_link(False)
    assert states(taken(mailbox)) == [("live", "")]
    bench.pass_time(5)
    assert states(taken(mailbox)) == [("stale", "cache_unavailable")]


def test_a_client_that_comes_without_a_link_hears_so(bench: Bench) -> None:
    """It is not left waiting for an answer that cannot come."""
    bench.hub.on_link(False)
    mailbox = bench.listen("AAPL")
    assert states(taken(mailbox)) == [("pending", "cache_unavailable")]


def test_the_link_comes_back_and_the_same_client_is_live(bench: Bench) -> None:
    """In the subscriber's order: joins, beats, then the word that the link is up."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    bench.hub.on_link(False)
    bench.pass_time(10)
    taken(mailbox)
    bench.hub.on_cached("AAPL", tick("AAPL", 5, 105.0), tick("AAPL", 1), 5.0)
    bench.beat()
    bench.hub.on_link(True)
    events = taken(mailbox)
    assert states(events)[-1] == ("live", "")
    assert events[-1][1]["price"] == 105.0


def test_the_reason_of_stale_follows_the_feed(bench: Bench) -> None:
    """One symbol and the whole feed are told apart."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_cached("AAPL", None, tick("AAPL", 1), 0.0)
    reasons = states(taken(mailbox))
    for state in (FeedState.RECONNECTING, FeedState.FAILED):
        bench.beat(state)
        reasons += states(taken(mailbox))
    expected = ["no_update", "feed_reconnecting", "feed_failed"]
    assert reasons == [("stale", reason) for reason in expected]


def test_closing_time_is_a_change_of_state(bench: Bench) -> None:
    """The path is healthy, the price stands."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    taken(mailbox)
    bench.beat(FeedState.CLOSED)
    assert states(taken(mailbox)) == [("closed", "")]


def test_a_refusal_comes_and_goes(bench: Bench) -> None:
    """Over the venue's cap a symbol is refused in band, and taken in when room appears."""
    mailbox = bench.listen("AAPL", "MSFT")
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    bench.hub.on_ingest(ingest({"AAPL": "symbol_limit", "MSFT": "symbol_limit"}))
    events = taken(mailbox)
    assert states(events) == [("refused", "symbol_limit")] * 2
    bench.hub.on_cached("MSFT", None, None, 0.0)
    bench.hub.on_ingest(ingest({}))
    # What AAPL traded at meanwhile is not known: its next tick makes it live.
    assert sorted(states(taken(mailbox))) == [("pending", ""), ("stale", "no_update")]


def test_what_was_held_before_a_refusal_is_not_live_again_after_it(bench: Bench) -> None:
    """The session and its beats went on, the symbol's trades did not reach us."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    bench.hub.on_ingest(ingest({"AAPL": "symbol_limit"}))
    bench.hub.on_ingest(ingest({}))
    bench.beat()
    bench.pass_time(1)
    assert states(taken(mailbox))[-1] == ("stale", "no_update")
    bench.hub.on_tick("AAPL", tick("AAPL", 2))
    assert states(taken(mailbox)) == [("live", "")]


def test_a_tick_that_comes_before_the_refusal_is_taken_back_is_live(bench: Bench) -> None:
    """Status travels slower than ticks, and a quiet symbol may not get a second one."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_ingest(ingest({"AAPL": "symbol_limit"}))
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    bench.hub.on_ingest(ingest({}))
    assert states(taken(mailbox))[-1] == ("live", "")


def test_beats_do_not_vouch_for_a_tick_that_was_not_read_again_after_a_lost_link(bench: Bench) -> None:
    """Its key is gone: ingest may have given the symbol up while we were away."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    bench.hub.on_link(False)
    bench.pass_time(6)
    bench.hub.on_cached("AAPL", None, tick("AAPL", 1), 0.0)
    bench.hub.on_link(True)
    bench.beat()
    assert states(taken(mailbox))[-1] == ("stale", "no_update")
    bench.hub.on_cached("AAPL", tick("AAPL", 1), None, 5.0)
    bench.pass_time(4)
    bench.beat()
    bench.pass_time(4)
    assert states(taken(mailbox)) == [("live", "")]


def test_a_refusal_dies_with_its_ingest(bench: Bench) -> None:
    """A killed process refuses nothing after its status has expired."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_cached("AAPL", None, None, 0.0)
    bench.hub.on_ingest(ingest({"AAPL": "symbol_limit"}))
    taken(mailbox)
    bench.pass_time(15)
    assert states(taken(mailbox)) == [("pending", "ingest_lost")]


def test_symbols_are_joined_once_and_left_with_the_last_listener(bench: Bench) -> None:
    """One subscription, any number of clients; interest carries their number."""
    one, other = bench.listen("AAPL", "MSFT"), bench.listen("AAPL")
    assert bench.upstream.joined == ["AAPL", "MSFT"]
    assert bench.upstream.interest == codec.Interest({"AAPL": 2, "MSFT": 1})
    bench.hub.detach(other, ["AAPL"])
    assert bench.upstream.interest == codec.Interest({"AAPL": 1, "MSFT": 1})
    assert bench.upstream.left == []
    bench.hub.detach(one, ["AAPL", "MSFT"])
    assert bench.upstream.interest == codec.Interest({})
    assert bench.upstream.left == ["AAPL", "MSFT"]


def test_a_left_symbol_is_forgotten(bench: Bench) -> None:
    """Its tick would grow old unseen: the next client gets a new join."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    bench.hub.detach(mailbox, ["AAPL"])
    bench.hub.on_tick("AAPL", tick("AAPL", 2))
    bench.hub.on_cached("AAPL", tick("AAPL", 2), None, 5.0)
    assert taken(bench.listen("AAPL")) == []


def test_a_held_symbol_outlives_its_listeners_for_half_a_minute(bench: Bench) -> None:
    """So that `GET /prices`, asked every few seconds, finds it live."""
    mailbox = bench.listen("AAPL")
    bench.hub.topics.hold(["AAPL"])
    bench.hub.detach(mailbox, ["AAPL"])
    bench.pass_time(29)
    assert bench.upstream.interest.symbols == {"AAPL": 1}
    bench.pass_time(1)
    assert bench.upstream.interest.symbols == {}
    assert bench.upstream.left == ["AAPL"]


def test_listen_leaves_even_when_the_client_fails(bench: Bench) -> None:
    """A symbol is not kept by a client that is gone."""
    with pytest.raises(ZeroDivisionError), bench.hub.listen(bench.listen(), ["AAPL"]):
        raise ZeroDivisionError
    assert bench.upstream.left == ["AAPL"]


def test_what_is_no_symbol_is_a_bug_of_the_caller(bench: Bench) -> None:
    """Queries are checked before they come here."""
    with pytest.raises(ValueError, match="not a symbol"):
        bench.listen("a$")


def test_garbage_ends_nothing(bench: Bench) -> None:
    """A foreign value under one of our names is left out."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_tick("AAPL", b"garbage")
    bench.hub.on_cached("AAPL", b"garbage", b"\xff", 5.0)
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    assert states(taken(mailbox))[-1] == ("live", "")


def test_feed_changes_reach_every_stream(bench: Bench) -> None:
    """Also those that listen to no symbol of that market."""
    peer = bench.connect()
    bench.flush()
    peer.events()
    bench.beat(FeedState.RECONNECTING, reason="socket_closed")
    bench.flush()
    ((name, data),) = peer.events()
    assert name == "feed"
    assert data | {"since": ""} == {
        "feed": "iex", "market": "us_equity", "state": "reconnecting", "reason": "socket_closed", "since": "",
    }  # fmt: skip


def test_an_owner_of_a_lower_epoch_is_heard_when_the_one_before_has_long_been_silent(bench: Bench) -> None:
    """Redis's clock was ahead, and it was emptied: prices would be dropped until that time has come."""
    peer = bench.connect("AAPL")
    bench.beat(epoch=EPOCH + 10**9)
    bench.hub.on_tick("AAPL", tick("AAPL", 5, 100.0, epoch=EPOCH + 10**9))
    bench.flush()
    peer.events()
    bench.pass_time(2)
    bench.beat(seq=6)
    bench.hub.on_tick("AAPL", tick("AAPL", 7, 101.0))
    bench.flush()
    # The later owner may be only a second late.
    assert [data["price"] for name, data in peer.events() if name == "message"] == []
    bench.pass_time(6)
    bench.beat(seq=8)
    bench.hub.on_tick("AAPL", tick("AAPL", 9, 102.0))
    bench.flush()
    seen = peer.events()
    assert [data["price"] for name, data in seen if name == "message"] == [102.0]
    assert states(seen)[-1] == ("live", "")
    # And from there on what is older is dropped as ever.
    bench.hub.on_tick("AAPL", tick("AAPL", 8, 99.0))
    bench.flush()
    assert [name for name, _ in peer.events() if name == "message"] == []


def test_an_old_owners_beat_vouches_for_nothing(bench: Bench) -> None:
    """A beat below the fence is not heard at all."""
    mailbox = bench.listen("AAPL")
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    taken(mailbox)
    for _ in range(5):
        bench.pass_time(1)
        bench.beat(epoch=EPOCH - 1)
    assert states(taken(mailbox)) == [("stale", "ingest_lost")]


async def test_the_sweep_runs_by_itself(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Staleness needs no word from outside."""
    monkeypatch.setattr(module, "SWEEP_S", 0)
    mailbox = bench.listen("AAPL")
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    bench.time.advance(5)
    task = asyncio.create_task(bench.hub.run())
    topic = bench.hub.topic("AAPL")
    await eventually(lambda: topic and topic.shown and topic.shown.state == "stale")
    task.cancel()
    await asyncio.wait([task])
    assert states(taken(mailbox)) == [("stale", "ingest_lost")]


def test_what_only_a_position_wants_is_wanted_apart(bench: Bench) -> None:
    """Ingest may tell strangers what clients of prices ask for, and that alone."""
    broker, _ = Broker(bench, LONG, SHORT), reader(bench)
    broker.tell()
    assert bench.hub.interest() == codec.Interest({}, 1, {}, ["AAPL", "TSLA"])
    peer = bench.connect("AAPL")
    assert bench.hub.interest() == codec.Interest({"AAPL": 2}, 1, {}, ["TSLA"])
    bench.hub.topics.hold(["TSLA"])
    assert bench.hub.interest().held == []
    bench.time.advance(HOLD_S)
    peer.line.connection_lost(None)
    assert bench.hub.interest() == codec.Interest({}, 1, {}, ["AAPL", "TSLA"])
