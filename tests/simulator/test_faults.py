"""The switches, without anything that they are switches of."""

from __future__ import annotations

import pytest

from tapecast.simulator.faults import Cure, Faults, RestFaults, Step


def missed(*muted: str, subscribed: frozenset[str]) -> Faults:
    """Faults of a path on which somebody was subscribed to muted symbols, and is no more."""
    faults = Faults(muted=set(muted))
    faults.hear(subscribed, frozenset())
    faults.miss(subscribed)
    return faults


def test_everything_is_off_at_first() -> None:
    """And paths do not share their switches."""
    faults, others = Faults(), Faults()
    faults.silent.add(Step.AUTH)
    assert (others.silent, others.upgrade, others.login, others.refused) == (set(), None, None, {})
    assert (others.muted, others.unconfirmed, others.linger_s, others.frozen) == (set(), set(), 0, False)


def test_clear_turns_everything_off() -> None:
    """But does not thaw: sockets would not hear of it."""
    faults = Faults({Step.AUTH}, 429, 406, {"TSLA": 400}, {"SPY"}, True, {"*"}, Cure.NOTHING, 90.0)
    faults.flowing.clear()
    faults.clear()
    assert (faults.silent, faults.upgrade, faults.login, faults.refused) == (set(), None, None, {})
    assert (faults.unconfirmed, faults.hangs_up, faults.linger_s) == (set(), False, 0.0)
    assert (faults.muted, faults.cure) == (set(), Cure.SUBSCRIPTION)
    assert faults.frozen


def test_a_muted_symbol_stays_muted_at_its_first_subscription() -> None:
    """The one that would end it is one after it was missed."""
    faults = Faults(muted={"AAPL"})
    faults.hear(frozenset({"AAPL", "MSFT"}), frozenset())
    assert faults.mutes("AAPL")
    assert not faults.mutes("MSFT")


def test_a_new_subscription_ends_it() -> None:
    """For that symbol alone."""
    faults = missed("AAPL", "TSLA", subscribed=frozenset({"AAPL", "TSLA"}))
    faults.hear(frozenset({"AAPL"}), frozenset())
    assert faults.muted == {"TSLA"}


def test_all_symbols_can_be_muted() -> None:
    """One that is subscribed anew is heard, those that stay subscribed are not."""
    everything = frozenset({"AAPL", "MSFT", "SPY"})
    faults = Faults(muted={"*"})
    faults.hear(everything, frozenset())
    assert all(map(faults.mutes, everything))
    faults.miss({"AAPL"})
    faults.hear(frozenset({"AAPL"}), frozenset({"MSFT", "SPY"}))
    assert faults.muted == {"MSFT", "SPY"}


@pytest.mark.parametrize(
    ("cure", "gone", "heard"),
    [(Cure.CONNECTION, False, False), (Cure.CONNECTION, True, True), (Cure.NOTHING, True, False)],
)
def test_a_mute_may_be_stubborn(cure: Cure, gone: bool, heard: bool) -> None:
    """A new subscription does not end it; a new connection may."""
    faults = Faults(muted={"*"}, cure=cure)
    faults.miss({"AAPL"}, gone=gone)
    faults.hear(frozenset({"AAPL"}), frozenset())
    assert faults.mutes("AAPL") is not heard


def test_a_mute_may_come_back() -> None:
    """Muted again after it was ended, it needs another new subscription."""
    faults = missed("AAPL", subscribed=frozenset({"AAPL"}))
    faults.hear(frozenset({"AAPL"}), frozenset())
    faults.muted.add("AAPL")
    faults.hear(frozenset({"AAPL"}), frozenset())
    assert faults.mutes("AAPL")


def test_what_was_not_muted_was_not_missed() -> None:
    """A symbol muted after its unsubscribe is new at the next subscription."""
    faults = Faults()
    faults.miss({"AAPL"})
    faults.muted.add("AAPL")
    faults.hear(frozenset({"AAPL"}), frozenset())
    assert faults.mutes("AAPL")


def test_rest_is_cleared_too() -> None:
    """All of its switches."""
    faults = RestFaults(503, 3.0, "/v2/clock", html=True, positions={"AAPL": {}}, missing={"qty"})
    faults.clear()
    assert faults == RestFaults()
