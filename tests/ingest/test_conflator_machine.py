"""The conflator with its flusher, in any order of events: what leaves for Redis never goes back or invents.

The model knows little: what the venue said of each symbol, and what it has taken back. Redis may refuse any
write; whatever was refused must not be lost.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tapecast.bus import codec
from tapecast.bus.publisher import Write
from tapecast.errors import BusUnavailable
from tapecast.market import SETS_ALL, Cancel, Correction, Quote, Snapshot, Tick, Trade, parse_rfc3339
from tests.ingest.bench import NOON_NS, Bench

SYMBOLS: Final = ("AAPL", "MSFT")
symbols = st.sampled_from(SYMBOLS)
# Mostly all of them: where little is heard, little is published.
some = st.sampled_from([frozenset(SYMBOLS)] * 4 + [frozenset(SYMBOLS[:1]), frozenset[str]()])


@dataclass
class Told:
    """What the venue has said of one symbol since it is wanted."""

    # By number, in the order in which they were said.
    trades: dict[int, Trade] = field(default_factory=dict)
    # Taken back: by a cancel, or by a correction under a new number.
    void: set[int] = field(default_factory=set)
    # Every price that was ever said.
    prices: set[float] = field(default_factory=set)


class Tape(RuleBasedStateMachine):
    """One market under one lease."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self.bench = Bench()
        self.wanted: frozenset[str] = frozenset()
        self.confirmed: frozenset[str] = frozenset()
        # Confirmed in this session, by a trade or a snapshot that was heard.
        self.proven: set[str] = set()
        self.told: dict[str, Told] = {symbol: Told() for symbol in SYMBOLS}
        self.newest: dict[str, Tick] = {}
        self.forgotten: set[str] = set()
        # What `price:` and `last:` of each symbol hold, as Redis has been told.
        self.prices: dict[str, bytes] = {}
        self.number = 0
        self.seen = 0
        self.seen_retired = 0

    @initialize()
    def begin(self) -> None:
        """All wanted, all confirmed: most orders of events are about that."""
        self.want(frozenset(SYMBOLS))
        self.confirm(frozenset(SYMBOLS))

    @property
    def heard(self) -> frozenset[str]:
        """The symbols of which a message counts."""
        return self.wanted & self.confirmed

    @rule(chosen=some)
    def want(self, chosen: frozenset[str]) -> None:
        """The plan changes. A symbol that leaves is forgotten."""
        for symbol in self.wanted - chosen:
            self.told[symbol] = Told()
            self.proven.discard(symbol)
            # Its time may go back: what `last:` would restore is the owner's to read. Its seq may not.
            self.forgotten.add(symbol)
        self.wanted = chosen
        self.bench.conflator.keep(sorted(chosen))

    @rule(chosen=some)
    def confirm(self, chosen: frozenset[str]) -> None:
        """The venue says what it sends."""
        self.confirmed = chosen
        self.proven &= chosen
        self.bench.conflator.on_subscribed(chosen)

    @rule(chosen=some)
    def begin_session(self, chosen: frozenset[str]) -> None:
        """The venue was lost and is back; nothing is proven, and these are sent."""
        self.confirmed, self.proven = frozenset(), set()
        self.bench.conflator.on_session()
        self.nothing_waits_unconfirmed()
        self.confirm(chosen)

    @rule(symbol=symbols, price=st.integers(1, 9), after=st.integers(0, 20))
    def trade(self, symbol: str, price: int, after: int) -> None:
        """A print, perhaps a late one."""
        self.number += 1
        trade = Trade(symbol, float(price), 1.0, NOON_NS + after, self.number, self.number)
        if symbol in self.heard:
            told = self.told[symbol]
            held = self._image_ns(symbol)
            told.trades[self.number] = trade
            told.prices.add(trade.price)
            if held is None or after + NOON_NS >= held:
                self.proven.add(symbol)
        self.bench.conflator.on_trade(trade)

    def _image_ns(self, symbol: str) -> int | None:
        image = self.bench.conflator.image(symbol)
        return image.trade.ts_event_ns if image and image.trade else None

    @rule(symbol=symbols, bid=st.integers(1, 9), after=st.integers(0, 20))
    def quote(self, symbol: str, bid: int, after: int) -> None:
        """A quote proves no price."""
        self.bench.conflator.on_quote(Quote(symbol, bid, bid + 1.0, 1.0, 1.0, NOON_NS + after, 1))

    @rule(symbol=symbols, back=st.sampled_from([0, 0, 0, 1, 2, 4]))
    def cancel(self, symbol: str, back: int) -> None:
        """One of the last prints never was."""
        for number in list(self.told[symbol].trades)[-1 - back :][:1]:
            if symbol in self.heard:
                self.told[symbol].void.add(number)
            self.bench.conflator.on_cancel(Cancel(symbol, number, "", 1))

    @rule(symbol=symbols, back=st.sampled_from([0, 0, 0, 1, 2, 4]), price=st.integers(11, 19))
    def correct(self, symbol: str, back: int, price: int) -> None:
        """One of the last prints was another, under a new number."""
        for number in list(self.told[symbol].trades)[-1 - back :][:1]:
            self.number += 1
            if symbol in self.heard:
                told = self.told[symbol]
                told.void.add(number)
                told.prices.add(float(price))
            amend = Correction(symbol, number, "", self.number, price, 1.0, SETS_ALL, 1)
            self.bench.conflator.on_correction(amend)

    @rule(symbol=symbols, back=st.sampled_from([0, 0, 0, 1, 2, 4]))
    def snapshot(self, symbol: str, back: int) -> None:
        """REST repeats one of the last prints, which may be old, or void by now."""
        told = self.told[symbol]
        for number in list(told.trades)[-1 - back :][:1]:
            self.bench.conflator.on_snapshot(Snapshot(symbol, told.trades[number], None, None, None))
            if symbol in self.heard and number not in told.void:
                self.proven.add(symbol)

    @rule(moved=st.sampled_from([0.001, 2.0, 10.0, -3600.0]))
    def clock(self, moved: float) -> None:
        """The wall clock is set, back too; the other one goes on."""
        self.bench.time.wall += moved
        self.bench.time.mono += abs(moved)

    @rule(fails=st.sampled_from([False, False, False, True]))
    def flush(self, fails: bool) -> None:
        """What waits goes out, or Redis refuses."""
        if fails:
            self.bench.out.errors = [BusUnavailable("refused")]
        self._flush()
        self.bench.out.errors = []

    def _flush(self) -> None:
        async def once() -> None:
            flusher = self.bench.flusher
            await flusher._flush_retired() and await flusher._flush()

        self._runner.run(once())
        self._check()

    @rule()
    def refresh(self) -> None:
        """What is quiet is written again."""
        self._runner.run(self.bench.flusher.refresh())
        self._check()

    @precondition(lambda self: self.confirmed)
    @rule()
    def freeze(self) -> None:
        """A venue gone silent vouches for nothing."""
        self.bench.good_for_s = 0.0
        calls = len(self.bench.out.calls)
        self._flush()
        self._runner.run(self.bench.flusher.refresh())
        assert len(self.bench.out.calls) == calls
        self.bench.good_for_s = 5.0

    def _check(self) -> None:
        out = self.bench.out
        retired, self.seen_retired = out.retired[self.seen_retired :], len(out.retired)
        for each in retired:
            self.prices.pop(each.symbol, None)
        calls, self.seen = out.calls[self.seen :], len(out.calls)
        for write in [write for call in calls for write in call]:
            self._check_write(write)

    def _check_write(self, write: Write) -> None:
        tick, before = codec.decode_tick(write.data), self.newest.get(write.symbol)
        assert write.symbol in self.heard, "not followed any more"
        assert write.symbol in self.proven, "not confirmed by this session"
        assert tick.price in self.told[write.symbol].prices, "a price that nobody named"
        if not write.publish:
            assert write.data == self.prices.get(write.symbol), "a refresh changes nothing"
            return
        if before is not None:
            assert (tick.epoch, tick.seq) > (before.epoch, before.seq)
            assert tick.timestamp is not None
            assert before.timestamp is not None
            is_back = parse_rfc3339(tick.timestamp) < parse_rfc3339(before.timestamp)
            assert tick.corrected or not is_back or write.symbol in self.forgotten, (
                "an older print as the newest"
            )
        self.newest[write.symbol] = tick
        self.forgotten.discard(write.symbol)
        self.prices[write.symbol] = write.data

    @invariant()
    def nothing_waits_unconfirmed(self) -> None:
        """What is marked is heard, and fresh."""
        for symbol, image in self.bench.conflator.dirty.items():
            assert symbol in self.heard
            assert image.fresh

    @invariant()
    def no_void_print_stands(self) -> None:
        """Neither REST nor a late message brings back what was taken back."""
        for symbol in self.heard:
            image = self.bench.conflator.image(symbol)
            if image is not None and image.trade is not None:
                assert image.trade.number not in self.told[symbol].void

    def teardown(self) -> None:
        """Left alone, the newest of every proven symbol is what Redis holds."""
        self._flush()
        assert not self.bench.conflator.dirty
        assert not self.bench.conflator.retired
        for symbol in self.proven & self.heard:
            image = self.bench.conflator.image(symbol)
            assert image is not None
            self._check_newest(symbol)
        self._runner.close()

    def _check_newest(self, symbol: str) -> None:
        image, told = self.bench.conflator.image(symbol), self.told[symbol]
        assert image is not None
        if image.trade is None:
            assert symbol not in self.prices, "a void price stands"
            return
        assert image.trade.number not in told.void, "a void print stands"
        if image.fresh:
            shown = codec.decode_tick(self.prices[symbol])
            assert shown.price == image.trade.price
            if not told.void:
                newest = max(each.ts_event_ns for each in told.trades.values())
                assert image.trade.ts_event_ns == newest


def _drill(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Tape,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


def test_what_is_published() -> None:
    """Any order of what the venue, the plan and Redis may do."""
    _drill(250, 50)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_what_is_published_for_long() -> None:
    """The same, for minutes."""
    _drill(3000, 100)
