"""A recorded tape: one message of Alpaca's stream on each line, as JSON, in the order in which they came.

Read lazily, because a tape may be larger than the memory: once at the start to know what is on it, then once
for each player. A line that makes no sense is passed on as it is, for the player to leave out and count; one
that is dated well after both of its neighbours, without its time. Only a file without any trade is refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeGuard

import msgspec

from tapecast.errors import SettingsError, Stopped
from tapecast.market import Market, market_of, number, parse_rfc3339

MAX_LINE: Final = 1 << 20
"""What is longer is no message. A file without line breaks must not fill the memory."""
LOOK_UP_EVERY: Final = 4096
"""Lines between two looks at whether somebody wants the reading to end."""
# Nothing was recorded tomorrow: a player that waited for such a line would never come to the next.
_AHEAD_NS: Final = 24 * 3600 * 1_000_000_000
# Nor was a line between two that are so much older: it would be waited for, and its price would stand.
_LEAP_NS: Final = 60 * 1_000_000_000


class Recorded(NamedTuple):
    """One line: the message as the stream's decoder gives it, and when its turn is, which never goes back.

    Times are integer nanoseconds, as in `t` of the message. What is not JSON is its text.
    """

    ns: int
    message: object


@dataclass(frozen=True)
class Recording:
    """A tape that somebody has looked through."""

    path: Path
    # What has at least one trade on it, in the order of the first.
    symbols: dict[str, Market]
    # Venue times of the first and of the latest trade.
    first_ns: int
    last_ns: int

    @property
    def markets(self) -> list[Market]:
        """What is on it, in the order of the first trades."""
        return list(dict.fromkeys(self.symbols.values()))

    def read(self) -> Iterator[Recorded]:
        """Every line. Raises OSError."""
        ns = self.first_ns
        for message in _in_time(self.path):
            ns = max(ns, _time(message))
            yield Recorded(ns, message)


def scan(path: Path, should_stop: Callable[[], bool] = lambda: False) -> Recording:
    """Look through a tape. Raises SettingsError that names it, or Stopped."""
    symbols: dict[str, Market] = {}
    first_ns = last_ns = 0
    try:
        # A pipe has one reading in it and may block for ever; a tape is read once more for each player.
        if path.exists() and not path.is_file():
            raise SettingsError(f"the tape {path} cannot be read: it is no file")
        for count, message in enumerate(_in_time(path)):
            if count % LOOK_UP_EVERY == 0 and should_stop():
                raise Stopped
            if not is_trade(message):
                continue
            symbols.setdefault(message["S"], Market(market_of(message["S"]) or ""))
            first_ns = first_ns or message["t"]
            last_ns = max(last_ns, message["t"])
    except OSError as error:
        raise SettingsError(f"the tape {path} cannot be read: {error.strerror or error}") from None
    if not symbols:
        raise SettingsError(
            f"the tape {path} holds no trade; each line is one message of Alpaca's stream as JSON, such as "
            '{"T":"t","S":"AAPL","p":270.5,"s":100,"t":"2026-11-20T15:00:00Z"}'
        )
    return Recording(path, symbols, first_ns, last_ns)


def is_trade(message: Any) -> bool:
    """Whether a message is a trade that makes sense, of something that could be a symbol."""
    return (
        isinstance(message, dict)
        and message.get("T") == "t"
        and isinstance(message.get("S"), str)
        and market_of(message["S"]) is not None
        and bool(number(message.get("p")))
        and bool(number(message.get("s")))
        and _is_past(message.get("t"))
    )


def _is_past(ns: object) -> TypeGuard[int]:
    return type(ns) is int and 0 < ns < time.time_ns() + _AHEAD_NS


def _time(message: object) -> int:
    """When a line says it happened; 0 if it says nothing of use."""
    at = message.get("t") if isinstance(message, dict) else None
    return at if _is_past(at) else 0


def _in_time(path: Path) -> Iterator[Any]:
    """Every line; one that leaps ahead of those on both sides of it has lost its time."""
    reached = 0
    for message, after in pairwise(chain(_messages(path), [None])):
        at = _time(message)
        if reached < at - _LEAP_NS and 0 < _time(after) < at - _LEAP_NS:
            yield message | {"t": None}
        else:
            reached = max(reached, at)
            yield message


def _messages(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        while line := file.readline(MAX_LINE):
            if text := line.removeprefix(b"\xef\xbb\xbf").strip():
                yield _message(text)


def _message(text: bytes) -> object:
    try:
        message = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return text
    if isinstance(message, dict) and isinstance(message.get("t"), str):
        # Else it is left as it is: whoever plays it counts it as a message without a time.
        with suppress(ValueError, OverflowError):
            message["t"] = parse_rfc3339(message["t"])
    return message
