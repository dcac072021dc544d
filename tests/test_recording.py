"""A tape is read line by line; what makes no sense is passed on, only a file without a trade is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tapecast.errors import SettingsError, Stopped
from tapecast.market import Market
from tapecast.recording import MAX_LINE, is_trade, scan
from tests.tapes import REAL_LAST, REAL_QUOTES, REAL_TRADES, SECOND, START, quote, real_tape, trade, written


def test_a_scan_says_what_is_on_a_tape(tmp_path: Path) -> None:
    """Symbols that trade, in the order of their first trades, and the times of the first and last."""
    option = "AAPL240315C00172500"
    path = written(
        tmp_path,
        quote("MSFT", 0, 1, 2), trade("BTC/USD", 1, 10), trade("AAPL", 2, 20), trade(option, 5, 2),
        trade("AAPL", 3, 21),
    )  # fmt: skip
    recording = scan(path)
    assert list(recording.symbols) == ["BTC/USD", "AAPL", option]
    assert recording.markets == [Market.CRYPTO, Market.US_EQUITY, Market.US_OPTION]
    assert (recording.first_ns, recording.last_ns) == (START + SECOND, START + 5 * SECOND)


def test_turns_never_go_back(tmp_path: Path) -> None:
    """A late line comes in its place, and what has no time comes with the line before."""
    lines = [trade("AAPL", 5, 1), trade("AAPL", 3, 2), "garbage", '{"T":"t"}', trade("AAPL", 7, 3)]
    recorded = list(scan(written(tmp_path, *lines)).read())
    assert [(line.ns - START) // SECOND for line in recorded] == [5, 5, 5, 5, 7]
    messages: list[Any] = [line.message for line in recorded]
    times = [message["t"] for message in messages if is_trade(message)]
    assert [(ns - START) // SECOND for ns in times] == [5, 3, 7]


@pytest.mark.parametrize("at", ['"2199-01-01T00:00:00Z"', "4000000000000000000", "-1", "0"])
def test_no_line_is_waited_for_longer_than_the_tape_lasts(tmp_path: Path, at: str) -> None:
    """A time that nobody can have recorded keeps nobody from the next line."""
    odd = f'{{"T":"t","S":"AAPL","p":1,"s":1,"t":{at}}}'
    recording = scan(written(tmp_path, odd, trade("AAPL", 5, 1), odd, trade("AAPL", 7, 2)))
    assert (recording.first_ns, recording.last_ns) == (START + 5 * SECOND, START + 7 * SECOND)
    assert [(line.ns - START) // SECOND for line in recording.read()] == [5, 5, 5, 7]


@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_line_dated_days_late_stalls_nobody(tmp_path: Path, before: int) -> None:
    """It is passed on without its time, wherever it stands; an honest gap of days is one."""
    day = 24 * 3600.0
    lines = [
        trade("AAPL", 5, 1),
        trade("AAPL", 6, 2),
        trade("AAPL", 3 * day, 3),
        trade("AAPL", 3 * day + 1, 4),
    ]
    late = trade("AAPL", 2 * day, 99)
    recording = scan(written(tmp_path, *lines[:before], late, *lines[before:]))
    recorded = list(recording.read())
    assert [(line.ns - START) / SECOND for line in recorded if is_trade(line.message)] == (
        [5, 6, 3 * day, 3 * day + 1] if before < 2 else [5, 6, 2 * day, 3 * day, 3 * day + 1]
    )
    messages: list[Any] = [line.message for line in recorded]
    assert messages[before]["p"] == 99
    assert recording.first_ns == START + 5 * SECOND


def test_late_reports_keep_their_times(tmp_path: Path) -> None:
    """What is printed minutes late is older than what stands before it, which is no leap."""
    times = [0, 0.1, 300, 300.1, 120, 300.2, 30, 301]
    recorded = scan(written(tmp_path, *(trade("AAPL", at, 1) for at in times))).read()
    messages: list[Any] = [line.message for line in recorded]
    assert [(message["t"] - START) / SECOND for message in messages] == times


def test_what_is_no_message_is_passed_on_as_it_is(tmp_path: Path) -> None:
    """Not JSON, JSON of another kind, times that are none; blank lines and a byte order mark are nothing."""
    path = tmp_path / "tape.jsonl"
    odd = [b"garbage", b"[1]", b'"x"', b'{"t":"soon"}', b'{"t":null}', b"\xff\xfe", b"[" * 5000]
    path.write_bytes(b"\n".join([b"\xef\xbb\xbf" + trade("AAPL", 0, 1).encode(), b"", b"  ", *odd]))
    first, *messages = [line.message for line in scan(path).read()]
    assert is_trade(first)
    assert messages == [
        b"garbage", [1], "x", {"t": "soon"}, {"t": None}, b"\xff\xfe", b"[" * 5000
    ]  # fmt: skip


def test_a_line_without_an_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    """It comes in pieces, none of which is a message, and what follows is read."""
    path = written(tmp_path, trade("AAPL", 0, 1), "x" * (2 * MAX_LINE + 5), trade("AAPL", 1, 2))
    messages = [line.message for line in scan(path).read()]
    assert [is_trade(message) for message in messages] == [True, False, False, False, True]
    assert max(len(message) for message in messages if isinstance(message, bytes)) <= MAX_LINE


@pytest.mark.parametrize(
    "fields",
    [
        {"T": "q"}, {"S": "nothing like it"}, {"S": 5}, {"S": ["AAPL"]}, {"p": 0}, {"p": -1}, {"p": "1"},
        {"p": None}, {"s": 0}, {"s": True}, {"t": "yesterday"}, {"t": 1.5}, {"t": 0},
        {"t": "2199-01-01T00:00:00Z"},
    ],
)  # fmt: skip
def test_a_tape_without_a_good_trade_is_refused(tmp_path: Path, fields: dict[str, object]) -> None:
    """With its name, and what a line looks like."""
    line = json.loads(trade("AAPL", 0, 1))
    assert scan(written(tmp_path, json.dumps(line))).symbols
    with pytest.raises(SettingsError, match=r'tape\.jsonl holds no trade; .*"T":"t"'):
        scan(written(tmp_path, json.dumps(line | fields), "garbage", ""))


def test_an_unreadable_tape_is_named(tmp_path: Path) -> None:
    """A file that is not there, a folder, and a pipe that nobody writes to."""
    os.mkfifo(tmp_path / "pipe.jsonl")
    for path in (tmp_path / "none.jsonl", tmp_path, tmp_path / "pipe.jsonl"):
        with pytest.raises(SettingsError, match=f"{path.name} cannot be read"):
            scan(path)


def test_a_scan_ends_when_it_is_told_to(tmp_path: Path) -> None:
    """Nobody waits for a large tape after Ctrl-C."""
    with pytest.raises(Stopped):
        scan(written(tmp_path, trade("AAPL", 0, 1)), lambda: True)


def test_the_recorded_tape_is_whole() -> None:
    """Real prints, in the order of time."""
    recording = scan(real_tape())
    lines = list(recording.read())
    assert recording.symbols == {"BTC/USD": Market.CRYPTO}
    trades: list[Any] = [line.message for line in lines if is_trade(line.message)]
    assert (len(trades), len(lines)) == (REAL_TRADES, REAL_TRADES + REAL_QUOTES)
    assert trades[-1]["p"] == REAL_LAST
