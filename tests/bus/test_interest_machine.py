"""Interest from replicas to the plan, in any order: they come, change, die without a word; Redis is emptied.

The records are a model of Redis's keys with time in the test's hand; their bytes, their sum and the desired
set are the real ones. What ingest sees is compared with what the living replicas want.
"""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tapecast.bus import codec
from tapecast.bus.interest import READ_EVERY_S, _sum
from tapecast.bus.keys import INTEREST_REFRESH_S, INTEREST_TTL_S
from tapecast.ingest.desired import GRACE_S, HOLD_AFTER_REDIS_S, DesiredSet, Plan

LIMIT: Final = 3
symbols = st.frozensets(st.sampled_from("ABCDEF"), max_size=5)
replicas = st.sampled_from(["api-1", "api-2", "api-3"])


class Replicas(RuleBasedStateMachine):
    """Three apis, one Redis, one worker that looks every two seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.desired = DesiredSet(LIMIT)
        self.plan = Plan((), {})
        self.records: dict[str, tuple[float, bytes]] = {}
        self.living: dict[str, frozenset[str]] = {}
        self.held_until = 0.0
        # When each symbol was last in a record, as ingest read them.
        self.listened: dict[str, float] = {}

    def _write(self, replica: str) -> None:
        record = codec.encode(codec.Interest(dict.fromkeys(self.living[replica], 1)))
        self.records[replica] = (self.now + INTEREST_TTL_S, record)

    def _look(self) -> None:
        """Ingest reads on a nudge, or every two seconds."""
        live = [record for until, record in self.records.values() if until > self.now]
        interest = _sum(live)
        before = self.plan
        self.desired.update(interest.symbols, self.now)
        self.plan = self.desired.plan(self.now)
        wanted = {symbol for symbol, count in interest.symbols.items() if count > 0}
        for symbol in wanted:
            self.listened[symbol] = self.now
        kept = set(before.symbols) & wanted
        assert kept <= set(self.plan.symbols), "thrown out by a newcomer"
        assert len(self.plan.symbols) == LIMIT or wanted <= set(self.plan.symbols), "left out though it fits"
        assert wanted <= set(self.plan.symbols) | set(self.plan.refused), "neither in nor refused"
        assert (
            not self.plan.refused.keys() & wanted
            or set(self.plan.symbols) <= wanted | set(self.plan.refused)
            or self.now < self.held_until
        ), "one in grace did not give way"
        gone = set(before.symbols) - set(self.plan.symbols)
        for symbol in gone:
            late_s = self.now - self.listened[symbol]
            assert late_s >= GRACE_S or len(self.plan.symbols) == LIMIT, "a reload of its page would churn"
        if self.now < self.held_until and len(before.symbols) < LIMIT:
            assert not gone or len(self.plan.symbols) == LIMIT, "removed while the missing may only be late"

    @rule(replica=replicas, wanted=symbols)
    def want(self, replica: str, wanted: frozenset[str]) -> None:
        """A replica comes, or its clients change; it nudges."""
        self.living[replica] = wanted
        self._write(replica)
        self._look()

    @rule(replica=replicas)
    def die(self, replica: str) -> None:
        """Without a word: its record stays for its time."""
        self.living.pop(replica, None)

    @rule(replica=replicas)
    def leave(self, replica: str) -> None:
        """In order: its record goes with it."""
        self.living.pop(replica, None)
        self.records.pop(replica, None)
        self._look()

    @rule()
    def empty_redis(self) -> None:
        """All records are gone; each replica writes again when it has reconnected, at the latest when due."""
        self.records.clear()
        self.held_until = self.now + HOLD_AFTER_REDIS_S
        self.desired.hold(self.held_until)
        self._look()

    @rule(steps=st.sampled_from([1, 3, 8, 12, 20, 40]))
    def wait(self, steps: int) -> None:
        """Time passes; the living refresh their records."""
        for _ in range(steps):
            self.now += READ_EVERY_S
            for replica in self.living:
                until, _record = self.records.get(replica, (0.0, b""))
                if until - self.now <= INTEREST_TTL_S - INTEREST_REFRESH_S:
                    self._write(replica)
            self._look()

    @invariant()
    def the_cap_holds(self) -> None:
        """Whoever comes."""
        assert len(self.plan.symbols) <= LIMIT
        assert len(set(self.plan.symbols)) == len(self.plan.symbols)

    @invariant()
    def none_outlives_its_grace(self) -> None:
        """Counted from when its last record went, or from the end of a hold."""
        for symbol in self.plan.symbols:
            since = max(self.listened[symbol], self.held_until)
            assert self.now - since < GRACE_S + 2 * READ_EVERY_S, symbol

    def teardown(self) -> None:
        """In the end only what the living want is asked for, and all of it that fits."""
        self.wait(40)
        wanted = frozenset[str]().union(*self.living.values())
        assert set(self.plan.symbols) <= wanted
        assert len(self.plan.symbols) == min(LIMIT, len(wanted))
        assert set(self.plan.refused) == wanted - set(self.plan.symbols)


def _drill(examples: int, steps: int, *, anew: bool = False) -> None:
    run_state_machine_as_test(
        Replicas,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None,
            derandomize=not anew, suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


def test_replicas() -> None:
    """Whoever comes and goes, whatever Redis forgets."""
    _drill(200, 40)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_replicas_for_long() -> None:
    """The same, for minutes."""
    _drill(3000, 100, anew=True)
