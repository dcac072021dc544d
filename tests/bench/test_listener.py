"""A stream is counted as it comes, however its bytes are cut, and a sample of its prices is looked at."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tapecast.bench.listener import EVENT_BYTES, Listener
from tapecast.bench.tally import Tally
from tapecast.bench.wire import NotHttp
from tests.bench.support import HEAD, bye, event, tick
from tests.support import START_WALL, HandClock

NOW = int(START_WALL * 1e6)


class Peer:
    """Takes what a listener does to its connection."""

    def __init__(self) -> None:
        self.written = b""
        self.is_cut = False

    def write(self, data: bytes) -> None:
        """The request."""
        self.written += data

    def abort(self) -> None:
        """Given up."""
        self.is_cut = True

    close = abort


class Stage:
    """A listener with time in hand, connected and told that a stream follows."""

    def __init__(self, every: int = 1, head: bytes = HEAD) -> None:
        self.time = HandClock()
        self.tally = Tally(every, self.time.clock)
        self.tally.begin()
        self.listener = Listener(b"GET", self.tally, self.time.clock.now())
        self.peer = Peer()
        self.time.advance(0.25)
        self.listener.connection_made(self.peer)  # type: ignore[arg-type]
        self.hear(head)

    def hear(self, *parts: bytes) -> None:
        """One read for each part."""
        for part in parts:
            self.listener.data_received(part)

    def ages(self) -> Iterable[float]:
        """Of the sample, in seconds."""
        return [round(age, 3) for age in self.tally.ages]


def hello() -> bytes:
    """By a clock that is equal to ours."""
    return event("hello", server_time=NOW + 250_000)


async def test_a_stream_begins_with_its_hello() -> None:
    """Which tells the server's time; until then it is nothing."""
    stage = Stage()
    assert stage.peer.written == b"GET"
    assert list(stage.tally.connects) == [0.25]
    assert not stage.listener.begun.done()
    stage.time.advance(0.01)
    stage.hear(b"retry: 700\n" + hello())
    assert stage.listener.is_open
    assert stage.listener.begun.done()
    assert stage.listener.retry_ms == 700
    assert stage.tally.offset.range == pytest.approx((-0.01, 0.0))


async def test_the_first_price_of_a_symbol_has_no_age() -> None:
    """It is an image from the cache, as old as it likes; what follows is news."""
    stage = Stage()
    stage.hear(hello() + event("symbol", symbol="AAPL", state="live") + tick(seq=1, ts_recv=1))
    stage.time.advance(0.5)
    stage.hear(
        tick("MSFT", ts_recv=1), tick(seq=2, ts_recv=NOW + 740_000), tick("MSFT", 2, ts_recv=NOW + 700_000)
    )
    assert stage.ages() == [0.01, 0.05]
    assert stage.tally.prices == 4
    assert list(stage.tally.first_prices) == [0.25]


async def test_a_price_behind_a_new_state_has_no_age() -> None:
    """It is the last known one, read again."""
    stage = Stage()
    stage.hear(hello() + tick(seq=1))
    stage.hear(event("symbol", symbol="AAPL", state="stale", reason="no_update") + tick(seq=1, ts_recv=1))
    stage.hear(tick(seq=2, ts_recv=NOW + 250_000))
    assert stage.ages() == [0.0]
    assert stage.listener.states == {"AAPL": "stale (no_update)"}
    assert stage.tally.disorder == 0


async def test_nothing_has_an_age_before_the_measuring() -> None:
    """Nor has what ingest did not date."""
    stage = Stage()
    stage.tally.end()
    stage.hear(hello(), tick(seq=1), tick(seq=2, ts_recv=NOW))
    stage.tally.begin()
    stage.hear(tick(seq=3, ts_recv=0))
    assert stage.ages() == []
    stage.hear(tick(seq=4, ts_recv=NOW))
    assert stage.ages() == [0.25]


@pytest.mark.parametrize("size", [1, 7, 50, 100_000])
async def test_it_does_not_matter_where_reads_end(size: int) -> None:
    """Every event is counted once."""
    stage = Stage()
    body = hello() + event("symbol", symbol="AAPL", state="live")
    body += b"".join(tick(seq=number, ts_recv=NOW) for number in range(1, 21)) + event(
        "heartbeat", server_time=NOW
    )
    stage.hear(*(body[at : at + size] for at in range(0, len(body), size)))
    assert stage.tally.prices == 20
    assert stage.tally.others == 3
    assert stage.tally.bytes == len(body)
    assert stage.tally.unreadable == stage.tally.disorder == 0


@pytest.mark.parametrize("together", [1, 3, 8, 50])
async def test_one_price_in_so_many_is_looked_at(together: int) -> None:
    """However many come in a write."""
    stage = Stage(every=8)
    stage.hear(hello() + tick(seq=1))
    ticks = [tick(seq=number, ts_recv=NOW + number * 1000) for number in range(2, 802)]
    stage.hear(*(b"".join(ticks[at : at + together]) for at in range(0, 800, together)))
    assert stage.tally.prices == 801
    # Numbers 9, 17, ...: every eighth of those that came without a name.
    assert stage.ages() == [round(0.25 - number / 1000, 3) for number in range(9, 802, 8)]


async def test_a_price_that_goes_back_is_counted() -> None:
    """By epoch first; the same one again is none, and another symbol has an order of its own."""
    stage = Stage()
    stage.hear(hello(), tick(seq=5), tick(seq=5), tick("MSFT", 1), tick(seq=4), tick(seq=1, epoch=2))
    assert stage.tally.disorder == 1
    stage.hear(tick(seq=9, epoch=1))
    assert stage.tally.disorder == 2


async def test_what_is_no_json_is_counted_and_skipped() -> None:
    """Prices and events of ours; an event of a name that nobody knows may be what it likes."""
    stage = Stage()
    stage.hear(
        hello(),
        b"data: {oops\n\n",
        b"event: symbol\ndata: [1]\n\n",
        b"event: new\ndata: [1]\n\n",
        b": hi\n\n",
    )
    stage.hear(b"event: symbol\ndata: {oops\n\n" + b"data: \xff\n\n")
    assert stage.tally.unreadable == 4
    assert stage.listener.is_open


async def test_the_last_words_are_kept() -> None:
    """With when to come back; an absurd time is not taken."""
    stage = Stage()
    stage.hear(bye("draining", "stopping", retry_ms=500))
    assert stage.listener.bye == ("draining", "stopping")
    assert stage.listener.retry_ms == 500
    stage.hear(b"retry: 99999999999\ndata: {}\n\n", b"retry: soon\n\n")
    assert stage.listener.retry_ms == 500
    stage.listener.connection_lost(None)
    assert stage.listener.begun.done()
    assert not stage.listener.is_open
    assert not stage.listener.has_begun


async def test_an_event_without_an_end_is_given_up() -> None:
    """Before it fills the memory."""
    stage = Stage()
    stage.hear(hello())
    stage.hear(*[b"x" * 65536] * (EVENT_BYTES // 65536 + 1))
    assert stage.peer.is_cut
    assert isinstance(stage.listener.error, NotHttp)


@pytest.mark.parametrize("head", ["HTTP/1.1 403 No", "HTTP/1.1 200 OK\r\nContent-Type: text/html"])
async def test_an_answer_that_is_no_stream_is_kept_as_it_is(head: str) -> None:
    """Even if it looks like one."""
    stage = Stage(head=f"{head}\r\n\r\n".encode())
    stage.hear(hello())
    assert not stage.listener.is_stream
    assert not stage.listener.has_begun
    assert stage.listener.body == hello()
