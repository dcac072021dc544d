"""What is told of one length's bars, and in which order and buckets it is written."""

from __future__ import annotations

from tapecast.bars import Bar, Interval, VenueBar
from tapecast.ingest.bars.series import KEPT, Series
from tapecast.ingest.bars.tally import Tally
from tests.ingest.bars.raw import START, trade

S = 10**9


def tell(series: Series, second: int, price: float, *, now_s: float | None = None) -> None:
    """A bar of one trade; it is forming, unless it is later."""
    tally = Tally(START + second * S)
    tally.add(trade(second, price))
    now_ns = START + round((second if now_s is None else now_s) * S)
    series.tell(START + second * S, tally, now_ns=now_ns, partial=False)


def written(series: Series, seq: int = 1) -> list[Bar]:
    """Write what waits."""
    bars = series.number(7, seq)
    series.wrote(bars, series.changed_buckets())
    return bars


def test_what_does_not_change_is_not_told_again() -> None:
    """Neither forming nor closed."""
    series = Series(Interval.SECOND)
    tell(series, 0, 10.0)
    assert [bar.seq for bar in written(series, 5)] == [5]
    tell(series, 0, 10.0)
    assert not series.pending
    tell(series, 0, 10.0, now_s=1)
    assert [(bar.seq, bar.closed) for bar in written(series, 6)] == [(6, True)]
    tell(series, 0, 10.0, now_s=1)
    assert not series.over(START + 9 * S)
    assert not series.pending


def test_what_waits_goes_out_in_order_of_time() -> None:
    """Under numbers that grow; the newest word on each bar only."""
    series = Series(Interval.SECOND)
    for second, price in ((2, 1.0), (0, 2.0), (1, 3.0), (0, 4.0)):
        tell(series, second, price, now_s=9)
    bars = written(series, 10)
    assert [(bar.start[-3:-1], bar.close, bar.seq) for bar in bars] == [
        ("00", 4.0, 10),
        ("01", 3.0, 11),
        ("02", 1.0, 12),
    ]


def test_a_change_while_it_is_written_waits() -> None:
    """What was written is what was numbered."""
    series = Series(Interval.SECOND)
    tell(series, 0, 10.0)
    bars = series.number(7, 1)
    tell(series, 0, 11.0)
    series.wrote(bars, [])
    assert [bar.close for bar in series.pending.values()] == [11.0]


def test_what_was_not_written_is_told_with_what_has_come_since() -> None:
    """Under new numbers."""
    series = Series(Interval.SECOND)
    tell(series, 0, 10.0, now_s=1)
    series.number(7, 1)
    tell(series, 1, 11.0)
    assert [(bar.close, bar.seq) for bar in series.number(7, 20)] == [(10.0, 20), (11.0, 21)]


def test_a_bucket_is_written_whole_when_one_of_its_bars_is_over() -> None:
    """A forming bar alone costs no bucket."""
    series = Series(Interval.SECOND)
    tell(series, 0, 10.0)
    assert not series.changed_buckets()
    written(series)
    tell(series, 0, 10.0, now_s=1)
    tell(series, 1, 11.0)
    assert {start: [bar.close for bar in bars] for start, bars in series.changed_buckets().items()} == {
        START: [10.0, 11.0]
    }
    written(series)
    tell(series, 60, 12.0, now_s=61)
    assert list(series.changed_buckets()) == [START + 60 * S]


def test_whole_buckets_are_kept_and_older_bars_have_had_their_last_word() -> None:
    """Else a bucket would be written with what happens to be left of it."""
    series = Series(Interval.SECOND)
    for second in range(60 * (KEPT + 2)):
        tell(series, second, 10.0, now_s=second + 1)
        written(series)
    assert len(list(series)) == 60 * KEPT
    tell(series, 3, 99.0, now_s=1000)
    assert not series.pending
    assert series.buckets == {START + 60 * S * number for number in range(KEPT + 2)}


def test_history_opens_what_is_old() -> None:
    """In whole buckets, and what is told already and complete stays."""
    series = Series(Interval.HOUR)
    tell(series, 0, 10.0)
    written(series)
    series.reopen()
    for hour in range(-200, 1):
        bar = VenueBar("AAPL", START + hour * 3600 * S, 1.0, 2.0, 1.0, 2.0, 1.0, 1)
        series.put_history(bar.start_ns, Tally.of(bar, Interval.HOUR.ns, is_venue=True))
    series.is_anew = True
    bars = written(series)
    assert len(bars) == 200
    assert all(bar.closed and not bar.corrected for bar in bars)
    assert series.newest is not None
    assert series.newest.close == 10.0
    assert len(series.buckets) == 5


def test_what_redis_holds_is_where_it_begins() -> None:
    """An open one is closed in time; a closed one stays."""
    series = Series(Interval.SECOND)
    old = Bar("2026-11-20T15:00:00Z", 1.0, 1.0, 1.0, 1.0, 1.0, 1, closed=True, epoch=6, seq=1)
    forming = Bar("2026-11-20T15:00:01Z", 2.0, 2.0, 2.0, 2.0, 1.0, 1, epoch=6, seq=2)
    series.restore([old, forming], [START])
    assert series.is_ready
    assert series.over(START + 2 * S) == [START + S]
    series.close(START + S, partial=True)
    assert [(bar.start, bar.closed, bar.epoch) for bar in series.number(7, 1)] == [(forming.start, True, 7)]


def test_a_bucket_tells_what_was_removed() -> None:
    """Who was away and reads it holds that bar still."""
    series = Series(Interval.SECOND)
    for at in (0, 1):
        tell(series, at, 10.0, now_s=5)
    written(series, 5)
    series.tell(START, None, now_ns=START + 5 * S, partial=False)
    ((first, second),) = series.changed_buckets().values()
    assert (first.removed, second.removed) == (True, False)
