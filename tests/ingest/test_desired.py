"""Who is subscribed under the cap: the order, the grace, the hold, and that nobody in is thrown out."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tapecast.ingest.desired import GRACE_S, HOLD_AFTER_REDIS_S, SYMBOL_LIMIT, DesiredSet, Plan


def listening(*symbols: str) -> dict[str, int]:
    """One listener to each."""
    return dict.fromkeys(symbols, 1)


def after(desired: DesiredSet, now: float, *symbols: str, first: tuple[str, ...] = ()) -> Plan:
    """The plan once these symbols are listened to."""
    desired.update(listening(*symbols), now, first)
    return desired.plan(now)


def test_nobody_listens_and_nothing_is_wanted() -> None:
    """Then the feed holds no socket."""
    assert DesiredSet(30).plan(0) == Plan((), {})


def test_what_is_always_on_needs_no_listener() -> None:
    """In the order of the setting, from the first plan on."""
    desired = DesiredSet(30, ["MSFT", "AAPL"])
    assert desired.plan(0).symbols == ("MSFT", "AAPL")
    assert after(desired, 1000.0, "TSLA").symbols == ("MSFT", "AAPL", "TSLA")


def test_under_the_cap_positions_come_first_then_always_then_arrival() -> None:
    """The rest is refused, with the reason."""
    desired = DesiredSet(4, ["SPY"])
    desired.update(listening("B", "A"), 1.0)
    desired.update(listening("B", "A", "D", "C"), 2.0, first=["POS"])
    assert desired.plan(2.0) == Plan(("POS", "SPY", "A", "B"), {"C": SYMBOL_LIMIT, "D": SYMBOL_LIMIT})


def test_a_newcomer_does_not_throw_out_one_that_is_in() -> None:
    """However many come, and whatever they are called."""
    desired = DesiredSet(2)
    assert after(desired, 1.0, "Y", "Z").symbols == ("Y", "Z")
    plan = after(desired, 2.0, "A", "B", "Y", "Z")
    assert plan == Plan(("Y", "Z"), {"A": SYMBOL_LIMIT, "B": SYMBOL_LIMIT})


def test_a_position_throws_out_the_youngest_of_the_others() -> None:
    """And is let in before a symbol that waited longer."""
    desired = DesiredSet(2)
    after(desired, 1.0, "A")
    after(desired, 2.0, "A", "B", "C")
    assert after(desired, 3.0, "A", "B", "C", first=("P",)) == Plan(
        ("P", "A"), {"B": SYMBOL_LIMIT, "C": SYMBOL_LIMIT}
    )


def test_positions_do_not_throw_out_one_another() -> None:
    """A refused symbol that becomes a position is no reason to drop a position that is in."""
    desired = DesiredSet(1)
    after(desired, 1.0, "A")
    assert after(desired, 2.0, "A", "B", first=("C",)).symbols == ("C",)
    assert after(desired, 3.0, "A", "B", first=("B", "C")).symbols == ("C",)


def test_the_refused_are_taken_in_when_room_appears() -> None:
    """By arrival."""
    desired = DesiredSet(1)
    after(desired, 1.0, "A")
    after(desired, 2.0, "A", "C")
    after(desired, 3.0, "A", "B", "C")
    assert after(desired, 4.0, "B", "C") == Plan(("C",), {"B": SYMBOL_LIMIT})


def test_a_symbol_without_listeners_stays_for_its_grace() -> None:
    """A page reload makes no churn at the venue."""
    desired = DesiredSet(30)
    after(desired, 1.0, "A", "B")
    after(desired, 10.0, "B")
    assert desired.plan(10.0 + GRACE_S - 0.1).symbols == ("B", "A")
    assert desired.plan(10.0 + GRACE_S).symbols == ("B",)


def test_a_listener_that_returns_ends_the_grace() -> None:
    """The next one begins anew."""
    desired = DesiredSet(30)
    after(desired, 1.0, "A")
    after(desired, 2.0)
    after(desired, 20.0, "A")
    after(desired, 40.0)
    assert desired.plan(40.0 + GRACE_S - 0.1).symbols == ("A",)
    assert desired.plan(40.0 + GRACE_S).symbols == ()


def test_a_count_of_zero_is_no_listener() -> None:
    """The sum over the replicas may be zero."""
    desired = DesiredSet(30)
    desired.update({"A": 0}, 1.0)
    assert desired.plan(1.0) == Plan((), {})


def test_a_visit_between_two_plans_leaves_nothing() -> None:
    """Grace is for what is in."""
    desired = DesiredSet(30)
    desired.update(listening("A"), 1.0)
    assert after(desired, 1.1) == Plan((), {})


def test_grace_gives_way_at_once_to_a_listener() -> None:
    """The one that left first gives way first, and is not told that it is refused."""
    desired = DesiredSet(2)
    after(desired, 1.0, "A", "B")
    after(desired, 2.0, "B")
    after(desired, 3.0)
    assert after(desired, 4.0, "C") == Plan(("C", "B"), {})
    assert set(desired.plan(5.0).symbols) == {"B", "C"}


def test_after_redis_comes_back_nothing_is_removed() -> None:
    """Interest that is missing may only be late: neither a new absence counts, nor does an old grace end."""
    desired = DesiredSet(30)
    after(desired, 0.0, "A", "B")
    after(desired, 1.0, "A")
    desired.hold(30.0 + HOLD_AFTER_REDIS_S)
    assert set(after(desired, 31.0).symbols) == {"A", "B"}
    assert set(after(desired, 44.9).symbols) == {"A", "B"}
    assert after(desired, 45.0).symbols == ("A",)
    assert desired.plan(45.0 + GRACE_S).symbols == ()


def test_during_the_hold_the_cap_still_holds() -> None:
    """And who is in stays in, whether or not its listeners have reported yet."""
    desired = DesiredSet(1)
    after(desired, 1.0, "A")
    desired.hold(20.0)
    assert after(desired, 10.0, "B") == Plan(("A",), {"B": SYMBOL_LIMIT})
    assert after(desired, 20.0, "B") == Plan(("B",), {})


SYMBOLS = st.sets(st.sampled_from("ABCDEFGH"), max_size=8)


class Demand(RuleBasedStateMachine):
    """Listeners come and go, positions open and close, Redis comes back, time passes."""

    limit = 3
    always = ("S",)

    def __init__(self) -> None:
        super().__init__()
        self.desired = DesiredSet(self.limit, self.always)
        self.now = 0.0
        self.held_until = 0.0
        self.wanted: set[str] = set()
        self.first: set[str] = set()
        self.plan = self.desired.plan(self.now)

    def replan(self) -> None:
        """Look at the new plan beside the one before."""
        before, self.plan = self.plan, self.desired.plan(self.now)
        privileged = self.first | set(self.always)
        thrown_out = {s for s in before.symbols if s in self.wanted and s not in self.plan.symbols}
        newcomers = set(self.plan.symbols) - set(before.symbols)
        assert not thrown_out or newcomers <= privileged, "a newcomer threw one out"
        assert not thrown_out & self.first or not newcomers, "positions threw out one another"

    @rule(wanted=SYMBOLS)
    def listen(self, wanted: set[str]) -> None:
        """Set who is listened to."""
        self.wanted = wanted
        self.desired.update(listening(*wanted), self.now, self.first)
        self.replan()

    @rule(first=st.sets(st.sampled_from("GHPQ"), max_size=2))
    def hold_positions(self, first: set[str]) -> None:
        """Open and close positions."""
        self.first = first
        self.desired.update(listening(*self.wanted), self.now, first)
        self.replan()

    @rule(seconds=st.sampled_from([0.1, 1.0, HOLD_AFTER_REDIS_S, GRACE_S, 2 * GRACE_S]))
    def wait(self, seconds: float) -> None:
        """Let time pass; ingest looks again at interest every few seconds, changed or not."""
        self.now += seconds
        self.desired.update(listening(*self.wanted), self.now, self.first)
        self.replan()

    @rule()
    def redis_returns(self) -> None:
        """Remove nothing for a while."""
        self.held_until = self.now + HOLD_AFTER_REDIS_S
        self.desired.hold(self.held_until)

    @invariant()
    def the_cap_holds(self) -> None:
        """Never over it, and no symbol twice."""
        assert len(self.plan.symbols) <= self.limit
        assert len(set(self.plan.symbols)) == len(self.plan.symbols)

    @invariant()
    def every_wanted_symbol_is_in_or_refused(self) -> None:
        """Never both, and nobody is refused while there is room."""
        asked = self.wanted | self.first | set(self.always)
        assert asked <= set(self.plan.symbols) | set(self.plan.refused)
        assert not set(self.plan.symbols) & set(self.plan.refused)
        assert not self.plan.refused or len(self.plan.symbols) == self.limit

    @invariant()
    def only_the_wanted_are_refused(self) -> None:
        """Outside of a hold, in which the missing may only be late."""
        if self.now >= self.held_until:
            assert set(self.plan.refused) <= self.wanted | self.first | set(self.always)

    @invariant()
    def positions_come_before_all_others(self) -> None:
        """None is refused while another kind is in."""
        if self.first & set(self.plan.refused):
            assert set(self.plan.symbols) <= self.first


TestDemand = Demand.TestCase
