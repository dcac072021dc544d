"""Who shares a view, what a client is told when it comes, and what is left when it has gone."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import Request

from tapecast import __version__
from tapecast.api.auth import Guard
from tapecast.api.encoding import GZIP_HEADER
from tapecast.api.streams import Stream, Streams
from tapecast.api.symbols import Ask
from tapecast.bus import codec
from tapecast.market import SymbolState
from tests.api.account.support import Broker
from tests.api.peer import Event, Peer, parsed
from tests.api.support import Bench, states, tick


@pytest.fixture
def bench() -> Bench:
    """A hub with a live stocks feed."""
    bench = Bench()
    bench.beat()
    return bench


def flushed(bench: Bench, peer: Peer) -> list[Event]:
    """What a client gets now."""
    bench.flush()
    return peer.events()


def names(events: list[Event]) -> list[str]:
    """What the events are."""
    return [name for name, _ in events]


def told(bench: Bench) -> Broker:
    """Whoever tells of an account with two shares of AAPL, and has."""
    broker = Broker(bench, {"symbol": "AAPL", "qty": "2", "market_value": "300"}, orders=[{"id": "o1"}])
    broker.tell()
    return broker


async def multiplexed(bench: Bench, query: str) -> Peer:
    """A client of `GET /stream?query`."""
    streams = Streams(bench.hub, bench.seats, bench.settings, Guard(bench.settings, laptop=False))
    request = Request({"type": "http", "method": "GET", "headers": [], "query_string": query.encode()})
    response = await streams.multiplexed(request)
    assert isinstance(response, Stream)
    return bench.seat(response._ask)


# Who shares.


def test_clients_that_ask_for_the_same_share_a_view(bench: Bench) -> None:
    """In whatever order they name the symbols; each is a client of each symbol."""
    one, other = bench.connect("MSFT", "AAPL"), bench.connect("AAPL", "MSFT")
    assert one.client.view is other.client.view
    assert bench.hub.audience.views == 1
    assert bench.upstream.joined == ["AAPL", "MSFT"]
    assert bench.upstream.interest.symbols == {"AAPL": 2, "MSFT": 2}
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    bench.flush()
    bench.hub.on_tick("AAPL", tick("AAPL", 2, 101.0))
    bench.flush()
    assert one.socket.took[-1] is other.socket.took[-1]


@pytest.mark.parametrize(
    "more", [{"interval_ms": 250}, {"gzip": True}, {"positions": True}, {"status": True}], ids=str
)
def test_clients_that_ask_for_something_else_do_not(bench: Bench, more: dict[str, Any]) -> None:
    """Another pace, another encoding or another subject is another frame."""
    one, other = bench.connect("AAPL"), bench.connect("AAPL", **more)
    assert one.client.view is not other.client.view
    assert bench.hub.audience.views == 2
    assert bench.upstream.joined == ["AAPL"]
    assert bench.upstream.interest.symbols["AAPL"] == 2


def test_refused_symbols_are_their_clients_own_affair(bench: Bench) -> None:
    """They keep nobody from sharing, and nobody else hears of them."""
    refusal = codec.SymbolStatus("A$", SymbolState.REFUSED, "symbol_invalid")
    one, other = bench.connect("AAPL"), bench.seat(Ask(("AAPL",), (refusal,)))
    assert one.client.view is other.client.view
    assert states(flushed(bench, other)) == [("refused", "symbol_invalid")]
    assert states(flushed(bench, one)) == []


def test_a_view_is_gone_with_its_last_client(bench: Bench) -> None:
    """With its symbols, its readers' places and its heartbeat; who comes then gets a new one."""
    one, other = [bench.connect("AAPL", positions=True, status=True) for _ in range(2)]
    view = one.client.view
    one.leave()
    assert bench.upstream.interest == codec.Interest({"AAPL": 1}, positions=1)
    bench.flush()
    other.leave()
    assert bench.upstream.interest == codec.Interest({})
    assert bench.upstream.left == ["AAPL"]
    assert bench.hub.audience.views == 0
    told(bench)
    bench.pass_time(60)
    assert view.mailbox.is_empty, "nobody speaks to it any more"
    assert bench.connect("AAPL", positions=True, status=True).client.view is not view


def test_ten_thousand_symbols_come_and_go_without_a_trace(bench: Bench) -> None:
    """Nothing is kept per client or per symbol that nobody wants."""
    for n in range(100):
        peer = bench.connect(*[f"A{n}X{i}" for i in range(100)])
        bench.flush()
        peer.leave()
    assert (len(bench.hub.audience), bench.hub.audience.views, list(bench.hub.topics)) == (0, 0, [])
    assert bench.seats._views == {}


def test_a_line_is_as_wide_as_what_is_asked_for(bench: Bench) -> None:
    """A few frames: one symbol needs less room in the kernel than thirty."""
    widths = [
        bench.seats.line(Ask(tuple("A" * (i + 1) for i in range(n))))._send_bytes for n in (0, 1, 8, 30)
    ]
    assert widths[0] <= widths[1] < widths[2] < widths[3]


# What a client is told first.


def test_a_client_is_told_what_is_known_and_the_others_hear_nothing(bench: Bench) -> None:
    """Hello with what was granted, every feed, then each symbol's state with its tick."""
    old = bench.connect("AAPL", "MSFT", interval_ms=250)
    bench.hub.on_tick("AAPL", tick("AAPL", 1, 160.5))
    flushed(bench, old)
    events = flushed(bench, bench.connect("AAPL", "MSFT", interval_ms=250))
    assert names(events) == ["retry", "hello", "feed", "symbol", "message"]
    hello = events[1][1]
    assert (hello["interval"], hello["version"]) == (250, __version__)
    assert hello["server_time"] == bench.time.clock.micros()
    assert [feed["market"] for feed in hello["feeds"]] == [events[2][1]["market"]] == ["us_equity"]
    assert (events[3][1]["symbol"], events[4][1]["price"]) == ("AAPL", 160.5)
    assert flushed(bench, old) == []


def test_what_comes_before_the_first_write_is_in_it(bench: Bench) -> None:
    """The newest, once, as much for the one that opened the view as for the next."""
    one = bench.connect("AAPL")
    bench.hub.on_tick("AAPL", tick("AAPL", 1, 1.0))
    other = bench.connect("AAPL")
    bench.hub.on_tick("AAPL", tick("AAPL", 2, 2.0))
    for events in (flushed(bench, one), flushed(bench, other)):
        assert names(events) == ["retry", "hello", "feed", "symbol", "message"]
        assert events[-1][1]["price"] == 2.0


def test_a_big_first_image_goes_out_in_pieces(bench: Bench) -> None:
    """A thousand symbols wait where they can still be replaced, not in the socket's buffer."""
    symbols = [f"A{i}" for i in range(1000)]
    peer = bench.connect(*symbols)
    full: dict[str, Any] = {"previous_close": 1.0, "timestamp": "2026-01-02T03:04:05Z"}
    for symbol in symbols:
        bench.hub.on_tick(symbol, tick(symbol, 1, **full))
    # Each time its kernel takes one write.
    sizes: list[int] = []
    prices: list[float] = []
    replaced = symbols[-1]
    while len(prices) < 1000:
        peer.stall()
        bench.flush()
        bench.hub.on_tick(replaced, tick(replaced, 2, 2.0, **full))
        peer.drain()
        pieces = peer.writes()
        sizes += [len(piece) for piece in pieces]
        prices += [data["price"] for name, data in parsed(b"".join(pieces)) if name == "message"]
    assert max(sizes) <= 16 * 1024
    assert len(sizes) > 10
    assert prices == [100.0] * 999 + [2.0]


def test_a_compressed_stream_is_whole_for_everybody(bench: Bench) -> None:
    """The shared blocks follow each client's own beginning, whatever that was."""
    one = bench.connect("AAPL", gzip=True)
    bench.flush()
    assert one.socket.took[0] == b"a\r\n" + GZIP_HEADER + b"\r\n"
    bench.hub.on_tick("AAPL", tick("AAPL", 1))
    bench.flush()
    other = bench.connect("AAPL", gzip=True)
    bench.flush()
    bench.hub.on_tick("AAPL", tick("AAPL", 2, 101.0))
    bench.flush()
    begin = ["retry", "hello", "feed", "symbol", "message"]
    for peer in (one, other):
        events = peer.unzipped()
        assert names(events) == [*begin, "message"]
        assert events[-1][1]["price"] == 101.0
    assert one.socket.took[-1] is other.socket.took[-1]


# Several subjects on one stream.


@pytest.fixture
def mixed() -> Bench:
    """The same, with positions open to anybody."""
    bench = Bench(PUBLIC="positions")
    bench.beat()
    return bench


async def test_a_multiplexed_stream_begins_with_all_that_is_known(mixed: Bench) -> None:
    """Feeds, positions and status, then each symbol's state with its tick; only ticks are default events."""
    mixed.listen("AAPL")
    mixed.hub.on_tick("AAPL", tick("AAPL", 1, 160.5))
    told(mixed)
    peer = await multiplexed(mixed, "prices=AAPL,a$&positions&status&colour=red")
    events = flushed(mixed, peer)
    assert names(events) == [
        "retry", "hello", "feed", "feed", "positions", "portfolio", "orders", "status", "symbol", "symbol",
        "message",
    ]  # fmt: skip
    assert [data["market"] for name, data in events if name == "feed"] == ["us_equity", "account"]
    assert events[4][1]["positions"][0]["market_value"] == 321
    assert events[5][1]["equity"] == 10_021
    assert events[6][1]["orders"] == [{"id": "o1"}]
    assert events[7][1]["stream_count"] == 1
    assert states(events) == [("refused", "symbol_invalid"), ("live", "")]
    assert events[10][1]["price"] == 160.5


async def test_a_symbol_held_and_asked_for_comes_twice_and_neither_eats_the_other(mixed: Bench) -> None:
    """A reader that took nothing for a while gets the newest tick and the newest position."""
    broker = told(mixed)
    peer = await multiplexed(mixed, "prices=AAPL&positions")
    for seq in (1, 2, 3):
        mixed.hub.on_tick("AAPL", tick("AAPL", seq, 100.0 + seq))
    mixed.pass_time(0.25)
    events = flushed(mixed, peer)
    assert names(events)[-5:] == ["orders", "symbol", "message", "position", "portfolio"]
    assert events[-3][1]["price"] == events[-2][1]["current_price"] == 103
    # A new list says all that a waiting position would; of the tick it says nothing.
    mixed.hub.on_tick("AAPL", tick("AAPL", 4, 104.0))
    broker.change(positions=[{"symbol": "MSFT", "qty": "1"}])
    events = flushed(mixed, peer)
    assert names(events) == ["positions", "message"]
    assert events[0][1]["positions"][0]["current_price"] == events[1][1]["price"] == 104
    peer.leave()
    assert mixed.hub.interest() == codec.Interest({}, 0)


async def test_the_interval_of_a_multiplexed_stream_holds_back_prices_only(mixed: Bench) -> None:
    """Ticks and re-priced positions wait; feeds, lists, statuses and states do not, nor does the end."""
    peer = await multiplexed(mixed, "prices=AAPL&positions&status&interval=60000")
    events = flushed(mixed, peer)
    assert names(events) == ["retry", "hello", "feed", "feed", "status"]
    assert events[1][1]["interval"] == 60_000
    broker = told(mixed)
    mixed.hub.on_tick("AAPL", tick("AAPL", 1, 101.0))
    assert names(flushed(mixed, peer)) == [
        "positions", "orders", "feed", "symbol", "message", "portfolio", "position",
    ]  # fmt: skip
    mixed.pass_time(1)
    assert names(flushed(mixed, peer)) == ["status"]
    mixed.hub.on_tick("AAPL", tick("AAPL", 2, 102.0))
    broker.order(2)
    assert names(flushed(mixed, peer)) == ["order"]
    mixed.hub.on_link(False)
    mixed.hub.board.sweep()
    assert names(flushed(mixed, peer)) == ["feed", "feed", "status"]
    await mixed.hub.audience.drain()
    events = peer.events()
    assert sorted(names(events)[:3]) == ["message", "portfolio", "position"]
    assert names(events)[3:] == ["retry", "bye"]
