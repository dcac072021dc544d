"""All open streams: counted, told what all are told, cut off if they take nothing, and ended politely."""

from __future__ import annotations

import asyncio

import pytest

from tapecast.api.audience import AGE_JITTER, AT_ONCE, END_S, EVICTIONS, STALL_S
from tapecast.api.symbols import Ask
from tapecast.errors import ClientError
from tests.api.peer import Event, Peer
from tests.api.support import Bench, tick
from tests.support import PATIENCE_S, eventually

START_US = 1_700_000_000_000_000


@pytest.fixture
def bench() -> Bench:
    """A hub with a live stocks feed."""
    bench = Bench()
    bench.beat()
    return bench


def settled(bench: Bench, *symbols: str, interval_ms: int = 0) -> Peer:
    """A client that has got all there is."""
    peer = bench.connect(*symbols, interval_ms=interval_ms)
    bench.flush()
    peer.writes()
    return peer


def last_words(events: list[Event]) -> list[str]:
    """The names of the last two events."""
    return [name for name, _ in events[-2:]]


# Counting.


def test_a_stream_is_counted_while_it_is_open(bench: Bench) -> None:
    """Each change is reported at once, and a stream that is lost twice leaves once."""
    one, other = bench.connect("AAPL"), bench.connect("AAPL")
    assert (len(bench.hub.audience), bench.hub.audience.views, bench.upstream.touches) == (2, 1, 2)
    one.leave()
    one.client.on_lost()
    assert (len(bench.hub.audience), bench.hub.audience.views, bench.upstream.touches) == (1, 1, 3)
    other.leave()
    assert (len(bench.hub.audience), bench.hub.audience.views, bench.upstream.touches) == (0, 0, 4)
    assert not bench.hub.audience.evicted
    assert (bench.hub.audience.opened, bench.hub.audience.ended) == (2, {"left": 2})


def test_no_more_streams_than_there_may_be() -> None:
    """One over the limit is refused for now, and counted; a seat that is given back can be taken."""
    bench = Bench(MAX_STREAMS="2")
    audience = bench.hub.audience
    audience.require_seat()
    peer, _ = bench.connect("AAPL"), bench.connect("MSFT")
    for _ in range(2):
        with pytest.raises(ClientError) as refused:
            audience.require_seat()
        assert (refused.value.status, refused.value.code) == (429, "too_many_streams")
        assert refused.value.retry_after
    # What needs no seat is still served.
    audience.require_open()
    assert audience.limits.refused == {"process": 2}
    peer.leave()
    audience.require_seat()
    assert audience.limits.refused == {"process": 2}


async def test_no_stream_is_let_in_while_draining(bench: Bench) -> None:
    """Another replica can serve that client: this one is not full, it is going."""
    await bench.hub.audience.drain()
    for require in (bench.hub.audience.require_open, bench.hub.audience.require_seat):
        with pytest.raises(ClientError) as refused:
            require()
        assert (refused.value.status, refused.value.code) == (503, "draining")
        assert refused.value.retry_after
    assert not bench.hub.audience.limits.refused


# What everybody is told.


def test_the_heartbeat_is_one_shared_frame(bench: Bench) -> None:
    """Made once per period, whatever the number of clients and of views."""
    peers = [settled(bench, symbol) for symbol in ("AAPL", "AAPL", "MSFT")]
    bench.time.advance(14.75)
    bench.hub.audience.sweep()
    bench.flush()
    assert [peer.writes() for peer in peers] == [[], [], []]
    bench.time.advance(0.25)
    for _ in range(2):
        bench.hub.audience.sweep()
    shared = {id(view.mailbox.events["heartbeat"]) for view in bench.dispatcher.views}
    assert len(shared) == 1
    bench.flush()
    for peer in peers:
        assert peer.events() == [("heartbeat", {"server_time": START_US + 15_000_000})]
    assert peers[0].socket.took[-1] is peers[1].socket.took[-1]


def test_each_view_has_its_own_time_for_heartbeats(bench: Bench) -> None:
    """All at once would be a burst; what is due once a period comes once a period."""
    one = settled(bench, "AAPL")
    bench.time.advance(7)
    other = settled(bench, "MSFT")
    beats: dict[Peer, list[int]] = {one: [], other: []}
    for second in range(8, 45):
        bench.time.advance(1)
        bench.hub.audience.sweep()
        bench.flush()
        for peer in beats:
            beats[peer] += [second for name, _ in peer.events() if name == "heartbeat"]
    assert beats == {one: [15, 30], other: [22, 37]}


def test_what_is_told_reaches_every_view_as_one_frame(bench: Bench) -> None:
    """Whatever its clients have asked for; nobody else is told."""
    gone = settled(bench, "AAPL")
    gone.leave()
    peers = [settled(bench, "AAPL"), settled(bench, "MSFT", interval_ms=60_000), settled(bench)]
    bench.hub.audience.tell("word", b'event: word\ndata: "all"\n\n')
    bench.flush()
    assert [peer.events() for peer in peers] == [[("word", "all")]] * 3
    assert gone.events() == []


# Those that take nothing.


def stalled(bench: Bench) -> Peer:
    """A client whose socket has just filled up."""
    peer = settled(bench, "AAPL")
    peer.stall()
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    bench.flush()
    assert bench.hub.audience.blocked == 1
    return peer


def test_who_takes_nothing_for_thirty_seconds_is_cut_off(bench: Bench) -> None:
    """By an abort, since a close would wait for it; counted with the reason, and not a moment early."""
    peer, well = stalled(bench), settled(bench, "MSFT")
    bench.pass_time(STALL_S - 0.25)
    before = peer.socket.is_cut
    bench.pass_time(0.25)
    assert (before, peer.socket.is_cut) == (False, True)
    assert not well.socket.is_closing()
    peer.leave()
    assert bench.hub.audience.evicted == {"stalled": 1}
    assert set(bench.hub.audience.evicted) <= set(EVICTIONS)
    assert (len(bench.hub.audience), bench.hub.audience.blocked) == (1, 0)
    assert bench.upstream.interest.symbols == {"MSFT": 1}


def test_who_takes_a_little_now_and_then_stays(bench: Bench) -> None:
    """Slow is not gone: every byte that the kernel takes gives it another thirty seconds."""
    peer = stalled(bench)
    for _ in range(3):
        bench.pass_time(STALL_S - 1)
        peer.socket.buffer[0] = peer.socket.buffer[0][1:]
    bench.pass_time(STALL_S)
    before = peer.socket.is_cut
    bench.pass_time(0.25)
    assert (before, peer.socket.is_cut) == (False, True)


def test_who_has_caught_up_begins_anew(bench: Bench) -> None:
    """A stall that is over does not count towards the next."""
    peer = stalled(bench)
    bench.pass_time(STALL_S - 1)
    peer.drain()
    assert bench.hub.audience.blocked == 0
    bench.pass_time(60)
    peer.stall()
    bench.hub.on_tick("AAPL", tick("AAPL", 2, 101.0))
    bench.flush()
    bench.pass_time(STALL_S - 1)
    assert not peer.socket.is_cut


def test_a_quiet_stream_is_not_stalled() -> None:
    """There was nothing to take."""
    bench = Bench(KEEPALIVE_S="300")
    peer = settled(bench)
    peer.stall()
    bench.pass_time(2 * STALL_S)
    assert (bench.hub.audience.blocked, peer.socket.is_cut) == (0, False)


def test_who_took_not_even_the_head_is_cut_off_too(bench: Bench) -> None:
    """Its line was blocked before it had a seat, so nothing will block it again."""
    ask = Ask(("AAPL",))
    peer = Peer(bench.seats.line(ask))
    peer.stall()
    peer.line.write(b"what was left of the head")
    bench.seats.take(ask, bench.seats.plain, peer.line)
    assert bench.hub.audience.blocked == 1
    bench.pass_time(STALL_S)
    assert peer.socket.is_cut
    assert peer.line.reason == "stalled"


def test_a_client_that_goes_while_it_is_stalled_was_not_cut_off(bench: Bench) -> None:
    """It left by itself."""
    stalled(bench).leave()
    assert (bench.hub.audience.blocked, len(bench.hub.audience)) == (0, 0)
    assert not bench.hub.audience.evicted
    bench.pass_time(STALL_S)


# The end.


async def test_draining_ends_every_stream(bench: Bench) -> None:
    """Each gets its own delay, so that they do not all come back at once, and a proper end."""
    peers = [bench.connect(f"A{n % 3}", gzip=n % 2 == 1) for n in range(20)]
    await bench.hub.audience.drain()
    endings = [peer.unzipped() if n % 2 else peer.events() for n, peer in enumerate(peers)]
    assert {tuple(last_words(events)) for events in endings} == {("retry", "bye")}
    assert {events[-1][1]["code"] for events in endings} == {"draining"}
    assert len({events[-2][1] for events in endings}) > 1
    assert all(peer.is_ended and peer.socket.is_closing() and not peer.socket.is_cut for peer in peers)
    for peer in peers:
        peer.leave()
    assert bench.hub.audience.ended == {"draining": 20}


async def test_many_streams_end_over_a_while(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are told to come back come back somewhere; a few end at once, and what comes in goes on."""
    pauses: list[int] = []

    async def pause(_: float) -> None:
        pauses.append(sum(peer.socket.is_closing() for peer in peers))

    peers = [bench.connect("AAPL") for _ in range(4 * AT_ONCE)]
    monkeypatch.setattr("tapecast.api.audience.asyncio.sleep", pause)
    await bench.hub.audience.drain()
    for peer in peers:
        peer.frames()
    assert pauses == [AT_ONCE, 2 * AT_ONCE, 3 * AT_ONCE]
    assert all(peer.is_ended for peer in peers)


def test_a_stream_that_is_old_ends_and_its_client_comes_back() -> None:
    """So that a replica that was started later gets its share; those that came together go one by one."""
    bench = Bench(MAX_STREAM_AGE_S="1000")
    bench.beat()
    peers = [bench.connect("AAPL") for _ in range(50)]
    bench.pass_time(1000 * (1 - AGE_JITTER) - 0.25)
    late = bench.connect("AAPL")
    assert not any(peer.socket.is_closing() for peer in peers)
    ends = []
    for _ in range(round(1000 * AGE_JITTER / 10)):
        ends.append(sum(peer.socket.is_closing() for peer in peers))
        for _ in range(5):
            bench.pass_time(2)
            for peer in peers:
                if peer.socket.is_closing():
                    # What it has been sent is out.
                    peer.leave()
    bench.pass_time(1)
    assert len(set(ends)) > 10
    assert all(peer.socket.is_closing() and not peer.socket.is_cut for peer in peers)
    events = peers[0].events()
    assert last_words(events) == ["retry", "bye"]
    assert events[-1][1]["code"] == "max_age"
    assert not late.socket.is_closing()
    for peer in peers:
        peer.leave()
    assert bench.hub.audience.ended == {"max_age": len(peers)}


async def test_what_waits_goes_out_before_the_last_words(bench: Bench) -> None:
    """No interval holds a price back for longer than the stream lasts."""
    peer = settled(bench, "AAPL", interval_ms=60_000)
    for seq in (1, 2, 3):
        bench.hub.on_tick("AAPL", tick("AAPL", seq, float(seq)))
        bench.flush()
    assert [data["price"] for name, data in peer.events() if name == "message"] == [1.0]
    await bench.hub.audience.drain()
    events = peer.events()
    assert [name for name, _ in events] == ["message", "retry", "bye"]
    assert events[0][1]["price"] == 3.0


async def test_who_is_behind_gets_the_newest_and_the_last_words_when_it_can_take_them(bench: Bench) -> None:
    """All of it, however much, and in spite of its interval."""
    symbols = [f"A{n}" for n in range(100)]
    peer = settled(bench, *symbols, interval_ms=60_000)
    for seq in (1, 2):
        for symbol in symbols:
            bench.hub.on_tick(symbol, tick(symbol, seq, float(seq)))
        bench.flush()
    peer.writes()
    peer.stall()
    await bench.hub.audience.drain()
    while not peer.is_ended:
        took = len(peer.socket.took)
        # Its kernel takes what waits, and nothing that is written then.
        peer.drain()
        peer.stall()
        bench.flush()
        events = peer.events()
        assert len(peer.socket.took) > took, "the end is held back"
    assert last_words(events) == ["retry", "bye"]
    assert peer.socket.is_closing()


async def test_the_last_words_are_said_once(bench: Bench) -> None:
    """Also if the kernel takes them late: after the end of a response no byte may follow."""
    peer = settled(bench, "AAPL")
    peer.stall()
    await bench.hub.audience.drain()
    peer.drain()
    bench.flush()
    assert [name for name, _ in peer.events()] == ["retry", "bye"]
    assert peer.is_ended


@pytest.mark.parametrize("gzip", [False, True])
async def test_a_stream_that_opens_while_draining_ends_at_once(bench: Bench, gzip: bool) -> None:
    """It was let in before, and seated after, the word to stop: it is told what is known, and goodbye."""
    await bench.hub.audience.drain()
    peer = bench.connect("AAPL", gzip=gzip)
    events = peer.unzipped() if gzip else peer.events()
    assert [name for name, _ in events] == ["retry", "hello", "feed", "retry", "bye"]
    assert peer.is_ended


async def test_leaving_waits_for_the_last_client(bench: Bench) -> None:
    """And for nothing longer: the grace is not used up."""
    peer, late = bench.connect("AAPL"), bench.connect("MSFT")
    leaving = asyncio.create_task(bench.hub.audience.leave(3600))
    await bench.hub.audience.drain()
    peer.leave()
    await asyncio.sleep(0)
    assert not leaving.done()
    late.leave()
    async with asyncio.timeout(PATIENCE_S):
        await leaving
    assert not bench.hub.audience.evicted


async def test_an_empty_audience_leaves_at_once(bench: Bench) -> None:
    """There is nobody to wait for."""
    await bench.hub.audience.drain()
    async with asyncio.timeout(PATIENCE_S):
        await bench.hub.audience.leave(3600)


async def test_who_is_not_gone_within_the_grace_is_cut_off(bench: Bench) -> None:
    """And counted: the process ends whether a client takes its last words or not."""
    peer = stalled(bench)
    await bench.hub.audience.drain()
    leaving = asyncio.create_task(bench.hub.audience.leave(0))
    await eventually(lambda: peer.socket.is_cut)
    peer.leave()
    async with asyncio.timeout(PATIENCE_S):
        await leaving
    assert bench.hub.audience.evicted == {"drained": 1}


async def test_who_comes_while_draining_is_waited_for_too(bench: Bench) -> None:
    """Though nobody was there when it began."""
    await bench.hub.audience.drain()
    peer = bench.connect("AAPL")
    leaving = asyncio.create_task(bench.hub.audience.leave(3600))
    await asyncio.sleep(0)
    assert not leaving.done()
    peer.leave()
    async with asyncio.timeout(PATIENCE_S):
        await leaving


def test_who_takes_its_last_words_too_slowly_is_cut_off() -> None:
    """It reads, so it is not stalled; its time is over all the same, be it a ticket's or the stream's."""
    bench = Bench(MAX_STREAM_AGE_S="60")
    peer = settled(bench, "AAPL")
    peer.line.blocked = True
    bench.pass_time(60 + END_S + 1)
    bench.flush()
    assert peer.line.reason == "overdue"
