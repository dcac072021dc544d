"""What can happen once at the local Alpaca, in words: methods of `Simulator`, arguments checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta

from tapecast.simulator.venue import Simulator

_Price = Annotated[float, Meta(gt=0, le=1e12)]
_Side = Annotated[float, Meta(ge=0, le=1e12)]  # zero: there is no such side
_Size = Annotated[float, Meta(ge=0, le=1e12)]
_Time = Annotated[int, Meta(ge=0, lt=4_102_444_800_000_000_000)]  # before 2100


class Words(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What stands in a request."""


class _Path(Words, kw_only=True):
    path: str | None = None


class _Close(_Path, kw_only=True):
    code: int


class _Send(_Path, kw_only=True):
    kind: str  # `Bad`; the desk tells them all when it is none


class _Error(_Path, kw_only=True):
    code: Annotated[int, Meta(ge=400, le=599)]


class _Burst(_Path, kw_only=True):
    count: int


class _Trade(Words, kw_only=True):
    symbol: str
    price: _Price
    size: _Size = 100
    conditions: list[str] = msgspec.field(default_factory=lambda: ["@"])
    ns: _Time | None = None


class _Quote(Words, kw_only=True):
    symbol: str
    bid: _Side
    ask: _Side
    ns: _Time | None = None


class _Cancel(Words, kw_only=True):
    symbol: str
    number: int


class _Correct(_Cancel, kw_only=True):
    price: _Price


class _Tell(Words, kw_only=True):
    update: dict[str, Any]


class Act(NamedTuple):
    """A method, its arguments, and what its result is called."""

    method: Callable[..., Any]
    words: type[Words]
    result: str = ""


ACTS: Final = {
    "close": Act(Simulator.close_sessions, _Close),
    "drop": Act(Simulator.drop_sessions, _Path),
    "freeze": Act(Simulator.freeze, _Path),
    "thaw": Act(Simulator.thaw, _Path),
    "send": Act(Simulator.send, _Send, "sessions"),
    "error": Act(Simulator.error, _Error, "sessions"),
    "burst": Act(Simulator.burst, _Burst, "trades"),
    "trade": Act(Simulator.trade, _Trade, "id"),
    "quote": Act(Simulator.quote, _Quote),
    "correct": Act(Simulator.correct, _Correct),
    "cancel": Act(Simulator.cancel, _Cancel),
    "tell": Act(Simulator.tell, _Tell),
}
