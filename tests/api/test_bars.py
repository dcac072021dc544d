"""Bars on their way to clients: all at once, then each change, and nothing lost to who keeps up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from tapecast.api.bars import HOLD_S, MOST, WAITING_MOST, _clear
from tapecast.api.mailbox import Mailbox
from tapecast.api.symbols import Ask, BarsAsk
from tapecast.api.topic import Versions
from tapecast.bars import Bar, Interval
from tapecast.bus.bars import BarIndex, BarMessage, Stored
from tapecast.bus.bars_joins import BarsListener, BarsOf
from tests.api.peer import Event, Peer
from tests.api.support import Bench, tick

AAPL: BarsOf = ("AAPL", Interval.SECOND)


class Joins:
    """The bus's side: it remembers what it was told."""

    def __init__(self) -> None:
        self.joined: list[BarsOf] = []
        self.left: list[BarsOf] = []
        self.asked_again: list[BarsOf] = []

    def listen(self, listener: BarsListener) -> None:
        self.listener = listener

    def add(self, bars: Iterable[BarsOf]) -> None:
        self.joined += bars

    def again(self, of: BarsOf) -> None:
        self.asked_again.append(of)

    def remove(self, bars: Iterable[BarsOf]) -> None:
        self.left += bars


class Desk(Bench):
    """A hub whose bars are told by the test."""

    def __init__(self) -> None:
        super().__init__()
        self.joins = Joins()
        self.hub.bars.bind(self.joins)
        self.seq = 0

    def look(self, *symbols: str, limit: int = 300, interval_ms: int = 0) -> Peer:
        """A client of these symbols' seconds."""
        ask = BarsAsk(symbols or ("AAPL",), Interval.SECOND, limit)
        return self.seat(Ask(bars=ask, interval_ms=interval_ms))

    def bar(self, second: int, close: float = 1.0, **flags: bool) -> Bar:
        """One more word of ingest's."""
        self.seq += 1
        start = f"2026-01-01T00:{second // 60:02d}:{second % 60:02d}Z"
        return Bar(start, 1.0, 9.0, 1.0, close, 1.0, 1, epoch=7, seq=self.seq, **flags)

    def store(self, *bars: Bar, history: bool = False) -> None:
        """The answer to a join."""
        raw = [msgspec.Raw(msgspec.json.encode(bar)) for bar in bars]
        self.hub.bars.on_bars_stored(AAPL, Stored(raw, BarIndex(history=history)))

    def tell(self, *bars: Bar, anew: bool = False) -> None:
        """A change."""
        raw = [msgspec.Raw(msgspec.json.encode(bar)) for bar in bars]
        self.hub.bars.on_bars(AAPL, msgspec.json.encode(BarMessage(*AAPL, raw, anew)))

    def heard(self, peer: Peer) -> list[Event]:
        """What of bars has come since."""
        self.flush()
        return [event for event in peer.events() if event[0] in ("bars", "bar")]


def closes(events: list[Event]) -> list[Any]:
    """Of `bars` a list, of `bar` one."""
    return [
        [bar["close"] for bar in data["bars"]] if name == "bars" else data.get("close")
        for name, data in events
    ]


def test_a_client_gets_all_then_each_change() -> None:
    """Not before Redis has answered, and what came in between is in it."""
    desk = Desk()
    peer = desk.look()
    assert desk.joins.joined == [AAPL]
    assert desk.heard(peer) == []
    old, new = desk.bar(1, 1.0, closed=True), desk.bar(2, 2.0)
    desk.tell(new)
    assert desk.heard(peer) == []
    desk.store(old, new)
    assert closes(desk.heard(peer)) == [[1.0, 2.0]]
    desk.tell(desk.bar(2, 3.0))
    desk.tell(desk.bar(2, 4.0, closed=True), desk.bar(3, 5.0))
    assert closes(desk.heard(peer)) == [4.0, 5.0]


def test_who_comes_later_gets_the_same() -> None:
    """At once, and as much of it as it wants."""
    desk = Desk()
    desk.look()
    desk.store(desk.bar(1, 1.0, closed=True), desk.bar(2, 2.0))
    desk.tell(desk.bar(2, 2.5, closed=True), desk.bar(3, 3.0))
    assert closes(desk.heard(desk.look())) == [[1.0, 2.5, 3.0]]
    assert closes(desk.heard(desk.look(limit=2))) == [[2.5, 3.0]]
    assert desk.joins.joined == [AAPL]


def test_a_stream_begins_with_states() -> None:
    """The symbol is wanted from the feed; its ticks are not shown."""
    desk = Desk()
    peer = desk.look()
    assert desk.upstream.joined == ["AAPL"]
    assert desk.upstream.interest.bars == {"AAPL": [Interval.SECOND]}
    assert desk.upstream.interest.symbols == {"AAPL": 1}
    desk.hub.on_tick("AAPL", tick("AAPL", 1))
    desk.flush()
    names = [name for name, _ in peer.events()]
    assert names[:2] == ["retry", "hello"]
    assert "symbol" in names
    assert "message" not in names


def test_states_reach_every_client() -> None:
    """Also who joins a view that is there."""
    desk = Desk()
    first = desk.look()
    desk.hub.on_tick("AAPL", tick("AAPL", 1))
    second = desk.look()
    desk.flush()
    for peer in (first, second):
        assert [data["symbol"] for name, data in peer.events() if name == "symbol"] == ["AAPL"]


def test_a_forming_bar_waits_for_the_interval_and_a_closed_one_does_not() -> None:
    """In order: no word on a bar comes after the one that closes it."""
    desk = Desk()
    peer = desk.look(interval_ms=1000)
    desk.store(desk.bar(1, 1.0))
    assert closes(desk.heard(peer)) == [[1.0]]
    desk.tell(desk.bar(1, 2.0))
    assert closes(desk.heard(peer)) == [2.0]
    desk.tell(desk.bar(1, 3.0))
    assert closes(desk.heard(peer)) == []
    desk.tell(desk.bar(1, 4.0, closed=True), desk.bar(2, 5.0))
    assert closes(desk.heard(peer)) == [4.0]
    desk.pass_time(1)
    assert closes(desk.heard(peer)) == [5.0]


def test_closed_bars_are_not_lost_to_a_client_that_stalls_for_a_moment() -> None:
    """The forming one is the newest."""
    desk = Desk()
    peer = desk.look()
    desk.store()
    desk.heard(peer)
    peer.stall()
    desk.tell(desk.bar(0, 0.5))
    desk.flush()
    for second in range(10):
        desk.tell(desk.bar(second, 1.0 + second, closed=True), desk.bar(second + 1, 0.5))
        desk.flush()
    peer.drain()
    assert closes(desk.heard(peer))[-11:] == [*(1.0 + second for second in range(10)), 0.5]


def test_a_client_that_fell_far_behind_gets_all_anew() -> None:
    """What waits for it is bounded."""
    desk = Desk()
    peer = desk.look(limit=5)
    desk.store()
    desk.heard(peer)
    peer.stall()
    for second in range(3 * WAITING_MOST):
        desk.tell(desk.bar(second, 1.0 + second, closed=True))
        desk.flush()
        assert all(
            len(view_client.mailbox.events) <= WAITING_MOST + 1 for view_client in peer.client.view.behind
        )
    peer.drain()
    heard = desk.heard(peer)
    assert [name for name, _ in heard].count("bars") >= 1
    assert closes(heard)[-1] == 3.0 * WAITING_MOST
    starts = [data["start"] for name, data in heard if name == "bar"]
    assert starts == sorted(starts)


def test_a_slow_client_costs_the_others_nothing() -> None:
    """Of the same view: they have got every bar, and get nothing again."""
    desk = Desk()
    slow, quick = desk.look(), desk.look()
    desk.store()
    desk.heard(slow)
    desk.heard(quick)
    slow.stall()
    for second in range(3 * WAITING_MOST):
        desk.tell(desk.bar(second, 1.0 + second, closed=True))
        desk.flush()
    heard = desk.heard(quick)
    assert [name for name, _ in heard] == ["bar"] * 3 * WAITING_MOST
    slow.drain()
    assert "bars" in [name for name, _ in desk.heard(slow)]


def test_many_bars_at_once_are_all_told_to_who_takes_them() -> None:
    """The bus was away for a moment: nobody is behind."""
    desk = Desk()
    peer = desk.look()
    desk.store()
    desk.heard(peer)
    for second in range(3 * WAITING_MOST):
        desk.tell(desk.bar(second, 1.0 + second, closed=True))
    assert closes(desk.heard(peer)) == [1.0 + second for second in range(3 * WAITING_MOST)]


def test_a_late_bar_takes_nothing_from_the_forming_one() -> None:
    """Both are told."""
    desk = Desk()
    peer = desk.look()
    desk.store(desk.bar(1, 1.0, closed=True))
    desk.heard(peer)
    desk.tell(desk.bar(1, 7.0, closed=True, corrected=True), desk.bar(5, 5.0))
    assert closes(desk.heard(peer)) == [7.0, 5.0]


def test_what_is_told_anew_is_read_again() -> None:
    """And replaces all, with what waited for it."""
    desk = Desk()
    peer = desk.look()
    desk.store(desk.bar(9, 9.0))
    desk.heard(peer)
    desk.tell(desk.bar(9, 10.0), anew=True)
    assert desk.joins.asked_again == [AAPL]
    desk.store(desk.bar(1, 1.0, closed=True), history=True)
    events = desk.heard(peer)
    assert closes(events) == [[1.0, 10.0]]
    assert events[0][1]["history"] == "venue"


def test_a_removed_bar_is_told() -> None:
    """It has no figures any more."""
    desk = Desk()
    peer = desk.look()
    desk.store(desk.bar(1, 1.0, closed=True))
    desk.heard(peer)
    gone = msgspec.structs.replace(desk.bar(1), open=None, high=None, low=None, close=None, removed=True)
    desk.tell(gone)
    ((name, data),) = desk.heard(peer)
    assert (name, data["removed"]) == ("bar", True)
    assert "close" not in data
    assert closes(desk.heard(desk.look())) == [[]]


def test_what_nobody_looks_at_is_left() -> None:
    """With its last client, or half a minute after the last question."""
    desk = Desk()
    peer, other = desk.look(), desk.look()
    peer.leave()
    assert desk.joins.left == []
    other.leave()
    assert desk.joins.left == [AAPL]
    assert desk.upstream.interest.bars == {}
    desk.hub.bars.hold(BarsAsk(("AAPL",), Interval.SECOND, 1))
    desk.pass_time(HOLD_S - 1)
    assert desk.upstream.interest.bars == {"AAPL": [Interval.SECOND]}
    desk.pass_time(2)
    assert desk.joins.left == [AAPL, AAPL]


def test_a_process_follows_so_many() -> None:
    """Those that it has it has; of others there is no room."""
    desk = Desk()
    desk.look()
    book = desk.hub.bars
    assert not book.beyond(["AAPL", "MSFT"], Interval.SECOND)
    asks = [BarsAsk((f"A{number}",), Interval.SECOND, 1) for number in range(MOST - 2)]
    for ask in asks:
        book.hold(ask)
    assert book.beyond(["AAPL", "MSFT", "TSLA"], Interval.SECOND) == {"TSLA"}
    assert book.beyond(["AAPL", "MSFT"], Interval.HOUR) == {"MSFT"}


def test_nonsense_costs_nothing(caplog: Any) -> None:
    """It is logged, and the good goes on; news of what nobody wants are dropped."""
    desk = Desk()
    peer = desk.look()
    desk.store()
    desk.heard(peer)
    desk.hub.bars.on_bars(AAPL, b"\xff")
    desk.hub.bars.on_bars_stored(AAPL, Stored([msgspec.Raw(b"[]")], BarIndex()))
    desk.hub.bars.on_bars(("MSFT", Interval.HOUR), b"\xff")
    desk.hub.bars.on_bars_stored(("MSFT", Interval.HOUR), Stored([], BarIndex()))
    assert caplog.text.count("bars_not_understood: AAPL") == 2
    desk.heard(peer)
    desk.tell(desk.bar(1, 1.0))
    assert closes(desk.heard(peer)) == [1.0]


def test_symbols_whose_names_begin_alike_wait_apart() -> None:
    """`A` that falls behind takes nothing from `AAPL`."""
    mailbox = Mailbox({}, Versions())
    for key in ("bars:A", "bar:A:1", "bars:AAPL", "bar:AAPL:1"):
        mailbox.put_event(key, b"")
    _clear(mailbox, "A")
    assert list(mailbox.events) == ["bars:AAPL", "bar:AAPL:1"]


def test_a_word_on_the_bar_before_takes_nothing_from_the_forming_one() -> None:
    """Both are forming for a moment after the turn; the newer is not told again before it changes."""
    desk = Desk()
    peer = desk.look()
    desk.store()
    desk.heard(peer)
    desk.tell(desk.bar(1, 1.0), desk.bar(2, 2.0))
    desk.tell(desk.bar(1, 1.5))
    assert sorted(closes(desk.heard(peer))) == [1.5, 2.0]
