"""Frames of the venue, encoded before the clock runs: real Alpaca trades, fifty to a frame.

Only the time in each is written when it leaves, eight bytes in place, so that age and latency can be read
from the tick at the other end.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator, Sequence
from typing import Final

import msgpack

PER_FRAME: Final = 50
_CONDITIONS: Final = (["@"], ["@", "F"], ["@"], ["@"], ["@"], ["@", "F"], ["@"], ["@"], ["@"], ["@", "I"])
"""One in ten is an odd lot, which counts into the volume and sets no price."""
_UNSTAMPED: Final = msgpack.Timestamp.from_unix_nano(1_700_000_000_123_456_789)
_MARK: Final = msgpack.packb(_UNSTAMPED)
"""Two bytes that say "a timestamp of eight bytes", and the eight."""


def names(count: int) -> list[str]:
    """So many symbols of a form that the venue has."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return [
        letters[n // 17576 % 26] + letters[n // 676 % 26] + letters[n // 26 % 26] + letters[n % 26]
        for n in range(count)
    ]


class Frame:
    """One WebSocket frame, ready to be sent but for its time."""

    __slots__ = ("_at", "data")

    def __init__(self, messages: Sequence[dict[str, object]]) -> None:
        payload = msgpack.packb(messages)
        size = len(payload)
        # A binary message, unmasked, as a server sends it; its size has seven bits, or sixteen after a 126.
        header = struct.pack(">BB", 0x82, size) if size < 126 else struct.pack(">BBH", 0x82, 126, size)
        self.data = bytearray(header + payload)
        self._at = list(_places(self.data))

    def stamp(self, ns: int) -> bytearray:
        """The bytes, with this time in each message."""
        packed = struct.pack(">Q", (ns % 1_000_000_000) << 34 | ns // 1_000_000_000)
        data = self.data
        for at in self._at:
            data[at : at + 8] = packed
        return data


def _places(data: bytearray) -> Iterator[int]:
    at = data.find(_MARK)
    while at >= 0:
        yield at + 2
        at = data.find(_MARK, at + 10)


def trades(symbols: Sequence[str], count: int, per_frame: int = PER_FRAME, seed: int = 1) -> list[Frame]:
    """So many frames of trades, each of a symbol drawn at random."""
    rng = random.Random(seed)
    number = 52_983_525_000_000
    frames = []
    for _ in range(count):
        messages: list[dict[str, object]] = []
        for _ in range(per_frame):
            number += 1
            messages.append(
                {
                    "T": "t", "S": rng.choice(symbols), "i": number, "x": rng.choice("VDQNP"),
                    "p": round(rng.uniform(99, 101), 2), "s": rng.randint(1, 400),
                    "c": rng.choice(_CONDITIONS), "z": rng.choice("ABC"), "t": _UNSTAMPED,
                }
            )  # fmt: skip
        frames.append(Frame(messages))
    return frames
