"""What waits is bounded, the newest of each, and leaves in an order that tells what to believe first."""

from __future__ import annotations

from functools import partial
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapecast.api.mailbox import BATCH, NOTHING, ORDERS_WAITING, Mailbox
from tests.api.fakes import Tape, frame
from tests.api.peer import Event, parsed

SYMBOLS = "ABC"
KINDS = ("event", "state", "position", "tick")
PUTS = st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(SYMBOLS)))


class Box(Tape):
    """A mailbox of these symbols, and how often each kind of each was put."""

    def __init__(self, symbols: str = SYMBOLS) -> None:
        super().__init__()
        self.mailbox = Mailbox(self.topics(*symbols), self.versions)
        self.newest: dict[tuple[str, str], int] = {}

    def happen(self, *what: tuple[str, str]) -> None:
        """So much happens, in this order: a kind and a symbol each."""
        put = {
            "event": self.mailbox.put_event,
            "state": self.mailbox.put_state,
            "position": self.mailbox.put_position,
        }
        for kind, symbol in what:
            version = self.newest[kind, symbol] = self.newest.get((kind, symbol), 0) + 1
            if kind == "tick":
                self.tick(symbol, version)
            else:
                put[kind](symbol, frame(symbol, version, kind))

    def ticks(self, symbols: str) -> None:
        """A tick of each."""
        self.happen(*(("tick", symbol) for symbol in symbols))

    def take(self, *, ticks: bool = True, limit: int = BATCH) -> list[str]:
        """What is taken, each as its kind, its symbol and its version."""
        part = self.mailbox.take(ticks=ticks, limit=limit)
        return said(parsed(b"".join(part.frames()))) if part else []

    def parts(self, limit: int) -> list[list[str]]:
        """All that waits, by parts of this limit."""
        return list(iter(lambda: self.take(limit=limit), []))


def said(events: list[Event]) -> list[str]:
    """Events, each as its kind, its symbol and its version."""
    return [f"{name.replace('message', 'tick')} {data['symbol']}{data['version']}" for name, data in events]


@pytest.fixture
def box() -> Box:
    """An empty one."""
    return Box()


def test_the_newest_tick_replaces_the_waiting_one(box: Box) -> None:
    """A slow client never gets an old price."""
    box.ticks("AA")
    assert box.take() == ["tick A2"]
    assert box.mailbox.is_empty
    assert box.mailbox.take() is None


def test_events_then_states_with_their_ticks_then_positions_then_other_ticks(box: Box) -> None:
    """A client knows what to believe of a price before it gets the price."""
    box.happen(
        ("tick", "A"), ("tick", "B"), ("position", "B"), ("state", "C"), ("state", "B"), ("event", "A")
    )
    assert box.take() == ["event A1", "state C1", "state B1", "tick B1", "position B1", "tick A1"]


def test_within_an_interval_a_state_takes_its_tick_along(box: Box) -> None:
    """The tick that made a symbol live goes out with the news, once; other ticks and positions wait."""
    box.happen(("tick", "A"), ("state", "B"), ("tick", "B"), ("position", "B"))
    assert box.take(ticks=False) == ["state B1", "tick B1"]
    assert box.mailbox.is_holding
    assert box.take(ticks=False) == []
    box.happen(("state", "B"))
    assert box.take(ticks=False) == ["state B2"]
    assert box.take() == ["position B1", "tick A1"]
    assert not box.mailbox.is_holding


def test_what_went_along_and_changed_again_waits_again(box: Box) -> None:
    """It is the version that is out, and not the symbol; whether or not the rest is out as well."""
    for _ in range(2):
        box.ticks("A")
        box.happen(("state", "B"), ("tick", "B"))
        assert box.take(ticks=False)[1].startswith("tick B")
        box.ticks("B")
    assert box.take() == ["tick A2", "tick B4"]
    box.ticks("B")
    assert box.take() == ["tick B5"]


def test_symbols_go_in_turn(box: Box) -> None:
    """One that changes without pause neither pushes the others back nor is itself put off."""
    taken: list[str] = []
    for _ in range(6):
        box.ticks("ABC")
        taken += box.take(limit=1)
    assert taken == ["tick A1", "tick B2", "tick C3", "tick A4", "tick B5", "tick C6"]


def test_what_is_not_taken_can_still_be_replaced(box: Box) -> None:
    """The rest of a big image is as new as when its turn comes."""
    box.ticks("AB")
    assert box.take(limit=1) == ["tick A1"]
    box.ticks("B")
    assert box.take(limit=1) == ["tick B2"]


def test_a_void_tick_does_not_wait(box: Box) -> None:
    """What had turned out never to have been is not said; what comes after it is."""
    box.ticks("AB")
    box.void("A")
    assert box.take(limit=1) == ["tick B1"]
    assert box.mailbox.is_empty
    box.ticks("A")
    assert box.take() == ["tick A2"]


def test_a_state_takes_no_void_tick_along(box: Box) -> None:
    """A client hears that there is no price, and not the price."""
    box.ticks("A")
    box.void("A")
    box.happen(("state", "A"))
    assert box.take(ticks=False) == ["state A1"]
    assert box.mailbox.is_empty


def test_other_symbols_do_not_count(box: Box) -> None:
    """All symbols are numbered together; each mailbox has its own."""
    box.ticks("A")
    box.take()
    box.ticks("Z")
    assert not box.mailbox.is_holding
    assert box.mailbox.is_empty
    assert box.take() == []
    box.happen(("state", "Z"))
    assert box.take() == ["state Z1"]


def test_a_new_one_has_everything_to_give(box: Box) -> None:
    """A client that comes gets the newest of all that the others have got."""
    box.ticks("ABA")
    box.take()
    part = box.mailbox.new().take()
    assert part
    assert sorted(said(parsed(b"".join(part.frames())))) == ["tick A2", "tick B1"]


@pytest.mark.parametrize("ticks", [True, False], ids=["all", "within an interval"])
def test_before_a_part_was_taken(box: Box, ticks: bool) -> None:
    """A client that falls behind gets what it missed, or what is newer by then: one of each."""
    box.happen(*((kind, symbol) for kind in KINDS for symbol in "AB"))
    part = box.mailbox.take(ticks=ticks)
    assert part
    box.happen(*((kind, "A") for kind in KINDS))
    box.mailbox = box.mailbox.before(part)
    news = ["event A2", "event B1", "state A2", "tick A2", "state B1", "tick B1"]
    assert box.take(ticks=ticks) == ([*news, "position A2", "position B1"] if ticks else news)


def test_before_a_part_has_its_own_ticks_to_give(box: Box) -> None:
    """What one client missed the others have got: neither hears twice of it."""
    box.ticks("AB")
    part = box.mailbox.take(limit=1)
    assert part
    other, box.mailbox = box.mailbox, box.mailbox.before(part)
    assert box.take() == ["tick A1", "tick B1"]
    box.mailbox = other
    assert box.take() == ["tick B1"]
    assert other.is_empty


def test_nothing_stays_nothing() -> None:
    """It is shared by all clients in step."""
    assert NOTHING.is_empty
    assert NOTHING.take() is None


@given(PUTS)
@settings(deadline=None)
def test_it_holds_at_most_one_of_each(puts: list[tuple[str, str]]) -> None:
    """Whatever happens, it gives no more than there are names, and the newest of each."""
    box = Box()
    box.happen(*puts)
    taken = box.take(limit=1000)
    assert sorted(taken) == sorted(
        f"{kind} {symbol}{version}" for (kind, symbol), version in box.newest.items()
    )
    assert box.mailbox.is_empty


@given(PUTS, st.integers(1, 4))
@settings(deadline=None)
def test_parts_are_bounded_and_together_they_are_all(puts: list[tuple[str, str]], limit: int) -> None:
    """Taking by parts hands out each frame once; only a state's own tick may exceed the limit."""
    box, whole = Box(), Box()
    box.happen(*puts)
    whole.happen(*puts)
    parts = box.parts(limit)
    assert sorted(chain.from_iterable(parts)) == sorted(whole.take(limit=1000))
    assert all(len(part) <= 2 * limit for part in parts)


@given(st.lists(st.sampled_from(["order", "orders", "event", "take", "miss"]), max_size=300))
@settings(deadline=None)
def test_no_order_event_is_lost_and_none_comes_late(steps: list[str]) -> None:
    """Each is handed out in order, or a list that knows of it; and after that list nothing older."""
    box, number, known, seen = Box(), 0, 0, list[tuple[str, int]]()
    for step in [*steps, "take"]:
        if step == "order":
            number += 1
            box.mailbox.put_order(number, frame("", number, "order"), partial(frame, "", number, "orders"))
        elif step == "orders":
            box.mailbox.put_orders(frame("", number, "orders"))
        elif step == "event":
            box.happen(("event", "A"))
        else:
            part = box.mailbox.take(limit=5 if step == "miss" else 1000)
            if part and step == "miss":
                # A client that falls behind here goes on with what it missed and what is left.
                box.mailbox = box.mailbox.before(part)
            elif part:
                events = parsed(b"".join(part.frames()))
                seen += [(name, data["version"]) for name, data in events if name != "event"]
        assert len(box.mailbox.events) <= ORDERS_WAITING
    for name, version in seen:
        assert version >= known if name == "orders" else version == known + 1
        known = version
    assert known == number
