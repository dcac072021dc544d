"""Frames that are nearly good: nothing is raised, both readers agree, and what comes out can be a price."""

from __future__ import annotations

import math
import time
from typing import Any

import msgpack
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tapecast.feeds.alpaca import prints, snapshots, wire
from tapecast.feeds.alpaca.seen import Known
from tapecast.market import ADDS_VOLUME, SETS_ALL, Cancel, Correction, DayBar, Quote, Trade
from tests.fuzz.frames import EXTENSIONS, TIMES, VALUES, amended, mutated

NOW_US = time.time_ns() // 1000
AT = msgpack.Timestamp.from_unix_nano(NOW_US * 1000 - 5_000_001)
TRADE = {"T": "t", "S": "AAPL", "p": 190.5, "s": 100, "t": AT, "i": 1, "x": "V", "c": ["@"], "z": "C"}
QUOTE = {"T": "q", "S": "AAPL", "bp": 190.4, "bs": 2, "ap": 190.6, "as": 3, "t": AT, "c": ["R"], "z": "C"}
CORRECTION = {
    "T": "c", "S": "AAPL", "x": "V", "oi": 1, "op": 190.5, "os": 100, "oc": ["@"],
    "ci": 2, "cp": 190.4, "cs": 90, "cc": ["@", "I"], "t": AT, "z": "C",
}  # fmt: skip
CANCEL = {"T": "x", "S": "AAPL", "i": 1, "x": "V", "p": 190.5, "s": 100, "a": "C", "t": AT, "z": "C"}
OTHERS: list[dict[str, Any]] = [
    {"T": "success", "msg": "authenticated"},
    {"T": "subscription", "trades": ["AAPL"], "quotes": ["AAPL"]},
    {"T": "error", "code": 406, "msg": "connection limit exceeded"},
]
GOOD: list[dict[str, Any]] = [TRADE, QUOTE, CORRECTION, CANCEL, *OTHERS]
DAY = {"t": "2026-01-02T05:00:00Z", "o": 1.0, "h": 2.0, "l": 0.5, "c": 1.5, "v": 100}
PRINT = {"t": "2026-01-02T15:00:00.123456789Z", "p": 190.5, "s": 100, "i": 1, "x": "V", "c": ["@"], "z": "C"}
BOOK = {"t": "2026-01-02T15:00:00Z", "bp": 190.4, "bs": 2, "ap": 190.6, "as": 3}
ANSWER = {"latestTrade": PRINT, "latestQuote": BOOK, "dailyBar": DAY, "prevDailyBar": DAY}

wire_values = VALUES | TIMES | EXTENSIONS
messages = st.sampled_from(GOOD).flatmap(lambda good: amended(good, wire_values))
frames = st.lists(messages, max_size=4).map(msgpack.packb) | st.binary(max_size=200)
nearly = st.lists(st.sampled_from(GOOD), min_size=1, max_size=3).map(msgpack.packb).flatmap(mutated)
unhurried = settings(
    derandomize=True, deadline=None, max_examples=400, suppress_health_check=list(HealthCheck)
)


class Everything(dict[str, Known]):
    """Whatever symbol there is, it is wanted; and what was noted of it is kept."""

    def get(self, symbol: str, _: object = None) -> Known:
        return self.setdefault(symbol, Known(symbol))


def is_amount(value: object) -> bool:
    """What a price or a size may be."""
    return type(value) is float and 0 < value < math.inf


def is_sane(value: object) -> bool:
    """Whether this may reach a page. A correction and a cancel have no time of their own."""
    if isinstance(value, Trade):
        return (
            bool(value.symbol)
            and is_amount(value.price)
            and is_amount(value.size)
            and 0 < value.ts_event_ns < wire.latest_ns(NOW_US)
            and value.ts_recv == NOW_US
            and value.number >= 0
            and 0 <= value.effect <= SETS_ALL
        )
    if isinstance(value, Quote):
        amounts = (value.bid, value.ask, value.bid_size, value.ask_size)
        return (
            bool(value.symbol)
            and all(amount is None or is_amount(amount) for amount in amounts)
            and not (value.bid is None and value.bid_size)
            and not (value.ask is None and value.ask_size)
            and 0 < value.ts_event_ns < wire.latest_ns(NOW_US)
        )
    if isinstance(value, Correction):
        return is_amount(value.price) and is_amount(value.size) and value.number > 0 and value.new_number > 0
    return isinstance(value, Cancel) and bool(value.symbol) and value.number > 0


def look(frame: bytes) -> None:
    """Read it both ways, and judge what comes out."""
    unpacked = wire.unpack(frame)
    judged = [wire.decode(each, NOW_US) for each in unpacked] if isinstance(unpacked, list) else []
    for value in judged:
        assert value is None or isinstance(value, wire.Reject) or is_sane(value), value
    wanted = Everything()
    fast = prints.read(frame, NOW_US, wanted)
    if fast is not None:
        assert all(map(is_sane, fast.data)), fast
        # Of a field that nobody knows, the fast reader passes over a name that the other could not read.
        assert fast.data == judged or not isinstance(unpacked, list)
        assert all(known.newest_ns < wire.latest_ns(NOW_US) for known in wanted.values())


@given(frames)
@unhurried
def test_messages_with_other_fields_are_survived(frame: bytes) -> None:
    """Wrong types, huge numbers, times of another age, extensions, nesting."""
    look(frame)


@given(nearly)
@unhurried
def test_frames_with_other_bytes_are_survived(frame: bytes) -> None:
    """Cut, flipped, doubled, and with lengths that lie."""
    look(frame)


def test_the_good_ones_are_good() -> None:
    """Else the above would prove nothing."""
    values = [wire.decode(each, NOW_US) for each in wire.unpack(msgpack.packb(GOOD))]
    assert [is_sane(value) for value in values] == [True] * 4 + [False] * 3
    assert prints.read(msgpack.packb([TRADE, QUOTE]), NOW_US, Everything()) is not None
    assert not is_sane(Trade("AAPL", math.nan, 1.0, 1, NOW_US))
    assert not is_sane(Trade("AAPL", 1.0, 1.0, 2 * wire.latest_ns(NOW_US), NOW_US, effect=ADDS_VOLUME))


@given(st.sampled_from(sorted(ANSWER)), st.data())
@unhurried
def test_rest_answers_with_other_fields_are_survived(name: str, data: st.DataObject) -> None:
    """The same of a seed: what makes no sense is left out, and nothing is raised."""
    part = data.draw(amended(ANSWER[name], VALUES) | VALUES)
    answer = {"AAPL": ANSWER | {name: part}}
    whole = data.draw(st.sampled_from([answer, {"snapshots": answer}, {"AAPL": part}, part]))
    for found in snapshots.read(whole, NOW_US, NOW_US):
        assert all(each is None or is_sane(each) for each in (found.trade, found.quote))
        assert all(each is None or is_day(each) for each in (found.day, found.previous_day))


def is_day(day: DayBar) -> bool:
    """What a session may be."""
    prices = (day.open, day.high, day.low, day.close)
    return all(map(is_amount, prices)) and 0 <= day.volume < math.inf
