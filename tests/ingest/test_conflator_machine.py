"""The conflator with its flusher, in any order of events: what leaves for Redis never goes back or invents.

The checks are in `tape_checks.py`. Redis may refuse any write, or do it and not say so; owners come and go,
and start from what it holds.
"""

from __future__ import annotations

from itertools import cycle
from typing import TypeAlias

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

from tapecast.market import ADDS_VOLUME, SETS_ALL, SETS_PRICE, Cancel, Correction, Quote, Snapshot, Trade
from tests.ingest.bench import NOON_NS
from tests.ingest.tape import LOST, REFUSED
from tests.ingest.tape_checks import PRICE_TTL_S, SYMBOLS, Watched

Print: TypeAlias = tuple[int, int, int, str]
symbols = st.sampled_from(SYMBOLS)
# Mostly all of them: where little is heard, little is published.
some = st.sampled_from([frozenset(SYMBOLS)] * 4 + [frozenset(SYMBOLS[:1]), frozenset[str]()])
backs = st.sampled_from([0, 0, 0, 1, 2, 4])
effects = st.sampled_from([SETS_ALL] * 5 + [ADDS_VOLUME])
prints = st.tuples(
    st.integers(1, 9), st.integers(0, 20), effects, st.sampled_from(["alone", "framed", "flushed", "flushed"])
)  # fmt: skip
# Of one alone little can go wrong; and most of what happens is trades.
few = st.lists(prints, max_size=1)
several = st.lists(prints, min_size=1, max_size=6)
faults = st.sampled_from([[], [], [], [REFUSED], [LOST], ["", REFUSED], ["", LOST]])


class Tape(Watched, RuleBasedStateMachine):
    """One market, under one lease after the other."""

    @initialize()
    def begin(self) -> None:
        """All wanted, all confirmed: most orders of events are about that."""
        self.want(frozenset(SYMBOLS), reads=True)
        self.confirm(frozenset(SYMBOLS))

    @rule(chosen=some, reads=st.booleans())
    def want(self, chosen: frozenset[str], *, reads: bool) -> None:
        """The plan changes; the owner `reads` from the cache what it does not know, unless Redis is away."""
        self.proven &= chosen
        self.wanted = chosen
        missing = self.conflator.missing(sorted(chosen))
        restored = {tick.symbol: tick for tick in self.cache.newest(missing)} if reads else {}
        for symbol in missing:
            told = self.told[symbol] = self.told[symbol].for_the_next()
            if symbol in restored:
                told.restore(restored[symbol])
                self.floor.setdefault(symbol, told.restored_ns)
            else:
                self.floor.pop(symbol, None)
        self.conflator.keep(sorted(chosen), restored.values())

    @rule(symbol=symbols, flushed=st.booleans(), reads=st.booleans())
    def come_back(self, symbol: str, *, flushed: bool, reads: bool) -> None:
        """Nobody wants it, and then somebody does: at once, or when its `price:` has been deleted."""
        wanted = self.wanted
        self.want(wanted - {symbol}, reads=reads)
        if flushed:
            self._flush()
        self.want(wanted | {symbol}, reads=reads)
        self.confirm(self.wanted)

    @rule(after_s=st.sampled_from([0.5, 12.0]), reads=st.booleans())
    def hand_over(self, after_s: float, *, reads: bool) -> None:
        """The owner is gone with all it knew, in order or not, and another has the lease."""
        self.time.mono += after_s
        wanted = self.wanted
        # `last:` may be seconds older than what was shown, where `price:` has expired.
        self.floor.clear()
        self._own()
        self.want(wanted, reads=reads)
        self.confirm(wanted)

    @rule(chosen=some)
    def confirm(self, chosen: frozenset[str]) -> None:
        """The venue says what it sends."""
        self.confirmed = chosen
        self.proven &= chosen
        self.conflator.on_subscribed(chosen)

    @rule(chosen=some)
    def begin_session(self, chosen: frozenset[str]) -> None:
        """The venue was lost and is back; nothing is proven, and these are sent."""
        self.confirmed, self.proven = frozenset(), set()
        self.conflator.on_session()
        self.nothing_waits_unconfirmed()
        self.confirm(chosen)

    @rule(prints=several)
    def trades(self, prints: list[Print]) -> None:
        """Of one symbol."""
        for each in prints:
            self.trade(SYMBOLS[0], *each)

    @rule(prints=several)
    def trades_of_all(self, prints: list[Print]) -> None:
        """In turn."""
        for each, symbol in zip(prints, cycle(SYMBOLS), strict=False):
            self.trade(symbol, *each)

    @rule(prints=several)
    def trades_from_the_start(self, prints: list[Print]) -> None:
        """All is as it was at the beginning; most of a day is so."""
        self.begin()
        self.trades_of_all(prints)

    def trade(self, symbol: str, price: int, after: int, effect: int, way: str) -> None:
        """A print, perhaps a late one, or one that sets no price."""
        self.number += 1
        trade = Trade(symbol, float(price), 1.0, NOON_NS + after, self.number, self.number, effect=effect)
        told = self.told[symbol]
        if symbol not in self.heard or not effect & SETS_PRICE:
            told.past[self.number] = trade
        else:
            image = self.conflator.image(symbol)
            told.take(trade)
            if image is None or image.trade is None or trade.ts_event_ns >= image.trade.ts_event_ns:
                self.proven.add(symbol)
        if way == "framed":
            self.conflator.on_data([trade])
        else:
            self.conflator.on_trade(trade)
        if way == "flushed":
            self.flush([])

    @rule(symbol=symbols, bid=st.integers(1, 9), after=st.integers(0, 20), framed=st.booleans())
    def quote(self, symbol: str, bid: int, after: int, *, framed: bool) -> None:
        """A quote proves no price."""
        quote = Quote(symbol, bid, bid + 1.0, 1.0, 1.0, NOON_NS + after, 1)
        if framed:
            self.conflator.on_data([quote])
        else:
            self.conflator.on_quote(quote)

    @precondition(lambda self: self.number)
    @rule(
        symbol=symbols,
        back=backs,
        count=st.sampled_from([1, 5]),
        news=few,
        tries=st.lists(faults, max_size=3),
    )
    def cancel(self, symbol: str, back: int, count: int, news: list[Print], tries: list[list[str]]) -> None:
        """One of the last prints never was, or none was; Redis is told, or not, perhaps after news."""
        for number in list(self.told[symbol].trades)[-back - count :][:count]:
            if symbol in self.heard:
                self.told[symbol].void.add(number)
            self.conflator.on_cancel(Cancel(symbol, number, "", 1))
            self._look_for_void(symbol)
        for each in news:
            self.trade(symbol, *each)
        for fails in tries:
            self.flush(fails)

    @precondition(lambda self: self.number)
    @rule(symbol=symbols, back=backs, price=st.integers(11, 19), effect=effects)
    def correct(self, symbol: str, back: int, price: int, effect: int) -> None:
        """One of the last prints was another, under a new number, and perhaps sets no price any more."""
        told = self.told[symbol]
        for number in list(told.trades)[-1 - back :][:1]:
            self.number += 1
            if symbol in self.heard:
                told.void.add(number)
                if effect & SETS_PRICE:
                    told.prices.add(float(price))
            amend = Correction(symbol, number, "", self.number, float(price), 1.0, effect, 1)
            self.conflator.on_correction(amend)
            self._look_for_void(symbol)

    @precondition(lambda self: self.number)
    @rule(symbol=symbols, back=backs)
    def snapshot(self, symbol: str, back: int) -> None:
        """REST repeats one of the last prints, which may be old, or void by now."""
        told = self.told[symbol]
        for trade in told.known()[-1 - back :][:1]:
            if symbol in self.heard and trade.number not in told.void:
                told.take(trade)
                self.proven.add(symbol)
            self.conflator.on_snapshot(Snapshot(symbol, trade, None, None, None))

    @rule(moved=st.sampled_from([0.001, 2.0, 10.0, -3600.0]))
    def clock(self, moved: float) -> None:
        """The wall clock is set, back too; the other one goes on."""
        self.time.wall += moved
        self.time.mono += abs(moved)

    @rule(fails=faults)
    def flush(self, fails: list[str]) -> None:
        """What waits goes out, unless a call fails."""
        self.cache.faults = list(fails)
        if self._flush():
            self._check_flushed()
        self.cache.faults = []

    @rule(flushed=faults, fails=faults)
    def refresh(self, flushed: list[str], fails: list[str]) -> None:
        """What is quiet is written again; whether it is quiet, a flush before may have left unknown."""
        self.flush(flushed)
        self.cache.faults = list(fails)
        self._runner.run(self.flusher.refresh())
        self.cache.faults = []
        self._check()

    @precondition(lambda self: self.number)
    @rule()
    def freeze(self) -> None:
        """A venue gone silent vouches for nothing; what it took back goes all the same."""
        self.good_for_s = 0.0
        self._runner.run(self.flusher._flush_retired())
        self._check()
        self._runner.run(self.flusher._flush())
        self._runner.run(self.flusher.refresh())
        assert not self.cache.reached
        self.good_for_s = PRICE_TTL_S

    @invariant()
    def nothing_waits_unconfirmed(self) -> None:
        """What is marked is heard, and fresh."""
        for symbol, image in self.conflator.dirty.items():
            assert symbol in self.heard
            assert image.fresh

    @invariant()
    def no_void_print_stands(self) -> None:
        """Neither REST nor a late message brings back what was taken back."""
        for symbol in self.heard:
            image = self.conflator.image(symbol)
            if image is not None and image.trade is not None:
                assert image.trade.number not in self.told[symbol].void

    def teardown(self) -> None:
        """Left alone, the newest of every proven symbol is what Redis holds."""
        assert self._flush()
        self._check_flushed()
        self._runner.close()


def _drill(examples: int, steps: int, *, anew: bool = False) -> None:
    run_state_machine_as_test(
        Tape,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None,
            derandomize=not anew, suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


def test_what_is_published() -> None:
    """Any order of what the venue, the plan, the lease and Redis may do."""
    _drill(800, 50)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_what_is_published_for_long() -> None:
    """The same, for minutes."""
    _drill(3000, 100, anew=True)
