"""Silence is measured in heartbeats of the server at hand."""

from __future__ import annotations

from tapecast.client.watchdog import Watchdog
from tests.support import HandClock


def test_the_limit_is_learnt_from_two_heartbeats() -> None:
    """37.5 s before, 2.5 times their distance by the server's clock then."""
    hand = HandClock()
    dog = Watchdog(hand.clock)
    dog.begin()
    assert dog.left_s == 37.5
    dog.beat(1_000_000)
    dog.beat(5_000_000)
    dog.hear()
    assert dog.left_s == 10
    hand.advance(10)
    assert dog.left_s <= 0
    dog.begin()
    assert dog.left_s == 10


def test_heartbeats_of_different_streams_are_no_pair() -> None:
    """Between them may lie an hour."""
    dog = Watchdog(HandClock().clock)
    dog.beat(1_000_000)
    dog.begin()
    dog.beat(3_600_000_000)
    assert dog.left_s == 37.5


def test_a_slow_server_is_not_left_again_and_again() -> None:
    """Its heartbeats may be further apart than we thought: the limit doubles, but not because of a sleep."""
    hand = HandClock()
    dog = Watchdog(hand.clock)
    hand.advance(38)
    dog.bark()
    dog.begin()
    assert dog.left_s == 75
    hand.advance(3600)
    dog.bark()
    dog.begin()
    assert dog.left_s == 75


def test_a_clock_that_is_set_back_is_no_credit() -> None:
    """The silence is counted from then on."""
    hand = HandClock()
    dog = Watchdog(hand.clock)
    hand.advance(-1000)
    assert dog.left_s == 37.5
    hand.advance(37.5)
    assert dog.left_s <= 0
