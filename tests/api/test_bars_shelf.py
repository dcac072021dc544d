"""One symbol's bars of one length: the newest word on each start, in ingest's own bytes."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tapecast.api.bars_shelf import FRAMES_MOST, Shelf
from tapecast.bars import Bar, Interval
from tapecast.bus.bars import BARS_KEPT, BUCKET, BarIndex, BarMessage
from tests.api.peer import parsed


def raw(second: int, seq: int, close: float = 1.0, **flags: bool) -> bytes:
    """A bar as ingest writes it."""
    start = f"2026-01-01T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"
    return msgspec.json.encode(Bar(start, 1.0, 1.0, 1.0, close, 1.0, 1, epoch=7, seq=seq, **flags))


def shelf() -> Shelf:
    """An empty one."""
    one = Shelf(("BTC/USD", Interval.SECOND), lambda: 7)
    one.hear(BarMessage("BTC/USD", Interval.SECOND, epoch=7, seq=1, whole=True))
    return one


def test_a_bar_goes_out_under_its_own_bytes() -> None:
    """With the symbol and the length before them."""
    told = shelf().put(raw(1, 1, closed=True))
    assert told is not None
    start, frame, is_over = told
    assert (start, is_over) == ("2026-01-01T00:00:01Z", True)
    ((name, data),) = parsed(frame)
    assert name == "bar"
    assert list(data)[:3] == ["symbol", "interval", "start"]
    assert data == {"symbol": "BTC/USD", "interval": "1s"} | json.loads(raw(1, 1, closed=True))


def test_what_is_not_newer_is_dropped() -> None:
    """Of each start for itself; a higher epoch wins whatever its seq."""
    one = shelf()
    assert one.put(raw(1, 5))
    assert one.put(raw(1, 5)) is None
    assert one.put(raw(1, 4)) is None
    assert one.put(raw(2, 1))
    newer = msgspec.json.encode(Bar("2026-01-01T00:00:01Z", close=3.0, epoch=8, seq=1))
    assert one.put(newer)
    assert len(one.bars(10)) == 2


def test_all_of_them_are_told_in_order_of_time() -> None:
    """The newest `limit`, made once until something changes."""
    one = shelf()
    for seq, second in enumerate((5, 3, 4), 1):
        one.put(raw(second, seq, float(second)))
    frame = one.frame(2)
    ((name, data),) = parsed(frame)
    assert name == "bars"
    assert {key: data[key] for key in ("symbol", "interval", "history")} == {
        "symbol": "BTC/USD",
        "interval": "1s",
        "history": "own",
    }
    assert [bar["close"] for bar in data["bars"]] == [4.0, 5.0]
    assert one.frame(2) is frame
    one.put(raw(5, 9, 6.0))
    assert [bar["close"] for bar in parsed(one.frame(2))[0][1]["bars"]] == [4.0, 6.0]


def test_a_removed_bar_is_not_there_and_does_not_come_back() -> None:
    """An older word on it is dropped."""
    one = shelf()
    one.put(raw(1, 1))
    told = one.put(raw(1, 3, removed=True))
    assert told is not None
    assert told[2], "it is told like one that is over"
    assert one.put(raw(1, 2)) is None
    assert one.bars(10) == []


def test_it_is_bounded() -> None:
    """The oldest go."""
    one = shelf()
    for second in range(BARS_KEPT + 3 * BUCKET):
        one.put(raw(second, second + 1, float(second)))
    assert BARS_KEPT <= len(one.bars(10**6)) <= BARS_KEPT + 2 * BUCKET
    assert json.loads(one.bars(1)[0])["close"] == BARS_KEPT + 3 * BUCKET - 1


def test_line_breaks_of_a_foreign_program_do_not_end_a_frame() -> None:
    """Somebody's pretty-printed JSON."""
    told = shelf().put(b'{"start": "2026-01-01T00:00:01Z",\n "seq": 1}')
    assert told is not None
    assert parsed(told[1])[0][1]["seq"] == 1
    with pytest.raises(msgspec.DecodeError):
        shelf().put(b"[]")


def test_waiting_is_over_when_something_is_known() -> None:
    """The venue's word, if only that there are none; of seconds a bar; or it was waited for in vain."""

    def settled(interval: Interval, *bars: bytes, **known: bool) -> bool:
        one = Shelf(("AAPL", interval), lambda: 7)
        one.hear(BarMessage("AAPL", interval, epoch=7, seq=1, whole=known.pop("is_whole", True)))
        for name, value in known.items():
            setattr(one, name, value)
        for bar in bars:
            one.put(bar)
        return one.is_settled

    assert not settled(Interval.SECOND, raw(0, 1))
    assert settled(Interval.SECOND, raw(0, 1), is_joined=True)
    assert not settled(Interval.SECOND, is_joined=True)
    assert not settled(Interval.MINUTE, raw(0, 1), is_joined=True)
    assert settled(Interval.MINUTE, is_joined=True, has_history=True)
    assert not settled(Interval.MINUTE, is_joined=True, has_history=True, is_whole=False)
    assert not settled(Interval.SECOND, raw(0, 1), is_joined=True, is_whole=False)
    assert settled(Interval.MINUTE, is_joined=True, was_awaited=True)
    assert settled(Interval.MINUTE, is_joined=True, was_awaited=True, is_whole=False)


def told(one: Shelf) -> dict[str, Any]:
    """Its `bars`."""
    body: dict[str, Any] = json.loads(one.body(9))
    assert parsed(one.frame(9))[0][1] == body
    return body


def test_bars_that_nobody_follows_say_so() -> None:
    """And the one that was forming, until the owner of now has told it anew; those that are over stand."""
    owner = 7
    one = Shelf(("AAPL", Interval.SECOND), lambda: owner)
    for bar in (raw(1, 1, closed=True), raw(2, 2, 2.0)):
        one.put(bar)

    def word(epoch: int, seq: int, *, whole: bool) -> tuple[bool, list[bool]]:
        one.hear(BarMessage("AAPL", Interval.SECOND, epoch=epoch, seq=seq, whole=whole))
        body = told(one)
        return body.get("partial", False), [bar.get("partial", False) for bar in body["bars"]]

    whole, doubted = (False, [False, False]), (True, [False, True])
    assert word(7, 1, whole=False) == doubted
    assert word(7, 2, whole=True) == whole
    assert word(7, 1, whole=False) == whole, "an old word"
    assert word(7, 3, whole=False) == doubted, "it is followed no more"
    assert word(7, 4, whole=True) == whole
    owner = 0
    assert word(7, 5, whole=True) == doubted, "the owner is gone"
    owner = 8
    assert word(7, 6, whole=True) == doubted, "another has said nothing yet"
    assert word(8, 1, whole=True) == whole
    one.put(raw(2, 9, 3.0, closed=True))
    assert word(8, 2, whole=False) == (True, [False, False])
    assert told(one)["bars"][1]["close"] == 3.0


def test_a_foreign_bar_that_is_not_followed_stays_as_it_is() -> None:
    """Only its head makes sense."""
    one = Shelf(("AAPL", Interval.SECOND), lambda: 0)
    one.put(b'{"start":"2026-01-01T00:00:01Z","open":"much","seq":1}')
    assert told(one)["bars"][0]["open"] == "much"


def test_few_frames_are_kept() -> None:
    """Somebody may ask for each of a thousand limits, and each frame is as large as its answer."""
    one = shelf()
    one.put(raw(1, 1))
    for limit in range(1, 100):
        one.frame(limit)
    assert len(one._frames) <= FRAMES_MOST


def test_whose_history_it_is_is_told_at_once() -> None:
    """Also if it brings no bar."""
    one = shelf()
    one.put(raw(1, 1))
    assert b'"history":"own"' in one.frame(5)
    one.begin(BarIndex(history=True))
    assert b'"history":"venue"' in one.frame(5)


def test_bars_of_another_feed_are_forgotten() -> None:
    """A chart must not go on from an exchange's to those of all, or from a demo's."""
    one = shelf()
    one.begin(BarIndex(feed="iex"))
    one.put(raw(1, 1))
    one.begin(BarIndex())
    one.begin(BarIndex(feed="iex"))
    assert len(one.bars(5)) == 1
    one.begin(BarIndex(feed="sip"))
    assert one.bars(5) == []
