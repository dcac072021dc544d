"""What was not heard: from when to when, and what the venue is to be asked for."""

from __future__ import annotations

from tapecast.bars import MINUTE_NS, SECOND_NS
from tapecast.ingest.bars.gaps import MOST, SETTLE_NS, Gaps
from tests.ingest.bars.raw import START


def at(seconds: float) -> int:
    """So many seconds after START."""
    return START + round(seconds * SECOND_NS)


def heard_from(seconds: float) -> Gaps:
    """Everything from then on."""
    gaps = Gaps()
    gaps.confirm(at(seconds) + 5)
    gaps.hear(at(seconds))
    return gaps


def test_the_bar_of_the_first_trade_may_lack_others() -> None:
    """Those before it were not heard; those after it were."""
    gaps = heard_from(30.5)
    assert gaps.hits(at(30), at(31))
    assert not gaps.hits(at(31), at(32))
    assert gaps.hits_minute(at(0))
    assert not gaps.hits_minute(at(60))


def test_a_quiet_symbol_is_heard_from_its_subscription_on() -> None:
    """Its first trade may come minutes later, and nothing before that was missed."""
    gaps = Gaps()
    gaps.confirm(at(10))
    gaps.hear(at(200))
    assert gaps.hits(at(9), at(10))
    assert not gaps.hits(at(10), at(300))


def test_a_lost_session_is_a_gap() -> None:
    """From the newest trade before it to the first after it, however often it is lost in between."""
    gaps = heard_from(0)
    gaps.lose(at(100))
    gaps.lose(at(110))
    assert gaps.is_open
    assert gaps.hits(at(100), at(10_000))
    gaps.confirm(at(150))
    gaps.hear(at(160))
    assert gaps.hits(at(100), at(101))
    assert gaps.hits(at(149), at(150))
    assert not gaps.hits(at(50), at(100))
    assert not gaps.hits(at(150), at(200))


def test_many_gaps_are_bounded() -> None:
    """The oldest count as one; nothing that was missed is forgotten."""
    gaps = heard_from(0)
    for number in range(1, 50):
        gaps.lose(at(100 * number))
        gaps.confirm(at(100 * number + 10))
        gaps.hear(at(100 * number + 10))
    assert len(gaps._gaps) <= MOST
    assert all(gaps.hits(at(100 * number + 5), at(100 * number + 6)) for number in range(1, 50))


def test_minutes_are_asked_for_when_they_are_over() -> None:
    """The past at once; the minute of the first trade some seconds after its end; then nothing more."""
    gaps = heard_from(30)
    assert gaps.wanting(at(31)) == 0
    gaps.fill(at(-3600), at(0))
    assert gaps.wanting(at(31)) is None
    assert gaps.wanting(at(61)) is None
    assert gaps.wanting(at(60) + SETTLE_NS) == at(0)
    gaps.fill(at(0), at(60))
    assert gaps.wanting(at(600)) is None
    assert not gaps.hits_minute(at(0))
    assert gaps.hits(at(0), at(1)), "no second is told by the venue"


def test_a_market_that_is_closed_is_asked_once() -> None:
    """No trade comes, and none was missed; while nothing is subscribed REST goes on in its place."""
    gaps = Gaps()
    assert gaps.wanting(at(600)) == 0
    gaps.fill(at(-3600), at(540))
    assert gaps.wanting(at(610)) == at(540)
    gaps.confirm(at(615))
    gaps.fill(at(540), at(660))
    assert gaps.wanting(at(100_000)) is None


def test_the_venues_own_minute_saves_the_question() -> None:
    """If it follows what is known."""
    gaps = heard_from(30)
    gaps.fill(at(-3600), at(0))
    gaps.extend(at(60))
    assert gaps.hits_minute(at(0))
    gaps.extend(at(0))
    assert not gaps.hits_minute(at(0))
    assert gaps.wanting(at(600)) is None


def test_a_later_gap_is_asked_for_from_its_begin() -> None:
    """And what was filled before stays so."""
    gaps = heard_from(30)
    gaps.fill(at(-3600), at(60))
    gaps.lose(at(700))
    gaps.confirm(at(1000))
    gaps.hear(at(1000))
    assert gaps.wanting(at(2000)) == at(700)
    gaps.fill(at(660), at(1980))
    assert gaps.wanting(at(2000)) is None
    assert not gaps.hits_minute(at(0))
    assert not gaps.hits_minute(at(720))


def test_a_minute_in_doubt_is_asked_for_again() -> None:
    """It was known, and turned out to be wrong."""
    gaps = heard_from(30)
    gaps.fill(at(-3600), at(600))
    gaps.doubt(at(120), at(180))
    assert gaps.hits_minute(at(120))
    assert gaps.wanting(at(2000)) == at(120)
    gaps.fill(at(120), at(600))
    assert not gaps.hits_minute(at(120))


def test_the_cache_has_heard_what_was_before() -> None:
    """Of the bar that it told last it may not have heard all."""
    gaps = Gaps()
    gaps.known_until(at(30))
    gaps.confirm(at(90))
    gaps.hear(at(90))
    assert not gaps.hits(at(0), at(30))
    assert gaps.hits(at(30), at(31))
    assert gaps.wanting(at(600)) is not None
    assert MINUTE_NS == 60 * SECOND_NS


def test_a_late_print_ends_no_gap() -> None:
    """It is of before the gap, or of its middle: what came after it may have been missed all the same."""
    gaps = heard_from(0)
    gaps.lose(at(100))
    gaps.confirm(at(150), at(150))
    gaps.hear(at(90))
    assert gaps.hits(at(100), at(149))
    gaps.hear(at(120))
    assert gaps.hits(at(130), at(131))
    assert not gaps.hits(at(150), at(151))


def test_a_symbol_that_stays_quiet_is_heard_from_its_subscription_on() -> None:
    """Its next trade may come in hours, and its bars are whole until then."""
    gaps = heard_from(0)
    gaps.lose(at(100))
    assert gaps.hits(at(500), at(501))
    gaps.confirm(at(150))
    assert gaps.hits(at(149), at(150))
    assert not gaps.hits(at(150), at(500))
    assert gaps.is_open


def test_a_clock_that_is_behind_the_venues_ends_no_gap_early() -> None:
    """The first trade does."""
    gaps = heard_from(0)
    gaps.lose(at(100))
    gaps.confirm(at(50))
    gaps.hear(at(120))
    assert gaps.hits(at(119), at(120))
    assert not gaps.hits(at(120), at(121))


def test_filling_goes_on_where_it_ended() -> None:
    """Nothing lies between; what was known before stays known."""
    gaps = heard_from(30)
    gaps.fill(at(-3600), at(0))
    gaps.fill(at(0), at(60))
    assert not gaps.hits_minute(at(-600))


def test_what_the_cache_knew_is_asked_for_once_it_is_lost() -> None:
    """Nobody else has it."""
    gaps = Gaps()
    gaps.known_until(at(30))
    gaps.confirm(at(90))
    gaps.hear(at(90))
    gaps.fill(at(0), at(120))
    assert gaps.wanting(at(600)) is None
    gaps.unfill()
    assert gaps.wanting(at(600)) == 0


def test_stretches_that_touch_are_one() -> None:
    """So that as few as can be are thrown together."""
    gaps = heard_from(0)
    for second in range(2 * MOST):
        gaps.miss(at(100 + second), at(101 + second))
    gaps.miss(at(10), at(11))
    assert gaps._gaps == [(at(10), at(11)), (at(100), at(100 + 2 * MOST))]


def test_the_first_print_of_all_may_be_a_late_one() -> None:
    """What was missed between it and the subscription was missed; a delayed feed is minutes behind."""
    gaps = Gaps()
    gaps.confirm(at(100))
    gaps.hear(at(95))
    assert gaps.hits(at(99), at(100))
    delayed = Gaps()
    delayed.confirm(at(1000))
    delayed.hear(at(100))
    assert not delayed.hits(at(101), at(102))
