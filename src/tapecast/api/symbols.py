"""What a client asked for, read from the query string: many forms in, one form or a clear error out.

A page cannot read the body of a 400, so a bad symbol is not an error of the request while there is anything
else to serve: it is answered in band, as `refused`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import QueryParams

from tapecast.api.grant import EVERYTHING, Grant, Subject
from tapecast.bars import Interval
from tapecast.bus.codec import SymbolStatus
from tapecast.errors import ClientError
from tapecast.market import SymbolState, market_of
from tapecast.settings import Settings

LONGEST_INTERVAL_MS: Final = 60_000
SHOWN_CHARACTERS: Final = 32
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")
_NO: Final = frozenset({"false", "0", "no", "off"})
_MISSING: Final = {
    "symbols": "name at least one symbol: ?symbols=AAPL,BTC/USD",
    "prices": "ask for at least one of prices, positions and status: ?prices=AAPL,BTC/USD&positions&status",
}


@dataclass(frozen=True)
class BarsAsk:
    """Bars of these symbols: of which length, and how many of before at most."""

    symbols: tuple[str, ...]
    interval: Interval
    limit: int


@dataclass(frozen=True)
class Ask:
    """What one client wants, checked."""

    symbols: tuple[str, ...] = ()
    # Symbols that are answered by a refusal, each with its reason.
    refused: tuple[SymbolStatus, ...] = ()
    interval_ms: int = 0
    positions: bool = False
    status: bool = False
    bars: BarsAsk | None = None


def parse_subjects(query: QueryParams) -> frozenset[Subject]:
    """What is asked of `/stream`. Nothing at all counts as prices, whose symbols are then missing."""
    flags: list[Subject] = ["positions", "status"]
    asked = frozenset(flag for flag in flags if _says_yes(query.get(flag)))
    return asked if asked and not _named(query, "prices") else asked | {"prices"}


def parse_symbols(
    query: QueryParams,
    settings: Settings,
    name: str = "symbols",
    *,
    alone: bool = True,
    grant: Grant = EVERYTHING,
) -> tuple[tuple[str, ...], tuple[SymbolStatus, ...]]:
    """The good symbols of the parameter `name`, and the refused ones.

    Raises ClientError if they are too many or, where nothing else is asked for, if nothing can be served.
    """
    asked = _named(query, name)
    if alone and not asked:
        raise ClientError(400, "symbols_missing", _MISSING[name])
    if len(asked) > settings.max_symbols_per_stream:
        limit = settings.max_symbols_per_stream
        raise ClientError(400, "too_many_symbols", f"{len(asked)} symbols asked for, {limit} are allowed")
    well_formed = [symbol for symbol in asked if market_of(symbol) is not None]
    if alone and not well_formed:
        raise ClientError(
            400, "symbol_invalid", f"{printable(asked[0])!r} is not a symbol; AAPL, BRK.B and BTC/USD are"
        )
    refused = [refusal(printable(s), "symbol_invalid") for s in asked if market_of(s) is None]
    allowed = settings.allowed_symbols
    barred = {s for s in well_formed if (allowed and s not in allowed) or grant.bars(s)}
    refused += [refusal(symbol, "not_allowed") for symbol in well_formed if symbol in barred]
    return tuple(symbol for symbol in well_formed if symbol not in barred), tuple(refused)


def parse_interval(query: QueryParams, default_ms: int, name: str = "interval") -> int:
    """Least milliseconds between two price frames, within the limits. Raises ClientError if not a number."""
    text = query.get(name)
    if text is None:
        return default_ms
    # Python's own parsers take too much: nan, inf, 1_000, digits of other scripts.
    if not _NUMBER.fullmatch(text.strip()):
        raise ClientError(400, "interval_invalid", f"{name} is a number of milliseconds, 0 to 60000")
    return int(min(max(float(text), 0.0), LONGEST_INTERVAL_MS))


def printable(text: str) -> str:
    """What a client sent, safe to show: short, and without a character that does something."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return shown if len(shown) <= SHOWN_CHARACTERS else shown[:SHOWN_CHARACTERS] + "\N{HORIZONTAL ELLIPSIS}"


def refusal(symbol: str, reason: str) -> SymbolStatus:
    """The answer to a symbol that this client does not get."""
    return SymbolStatus(symbol, SymbolState.REFUSED, reason)


def upper(text: str) -> str:
    """A symbol as it is spelled, however it was typed."""
    # Only ASCII: elsewhere upper-casing makes a symbol of what is none (a sharp s becomes SS).
    return text.upper() if text.isascii() else text


def _named(query: QueryParams, name: str) -> list[str]:
    parts = [part.strip() for value in query.getlist(name) for part in value.split(",")]
    return list(dict.fromkeys(upper(part) for part in parts if part))


def _says_yes(flag: str | None) -> bool:
    # `&positions` alone has an empty value.
    return flag is not None and flag.strip().lower() not in _NO
