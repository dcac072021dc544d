"""Which orders somebody wants to see: the words of `GET /v2/orders`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from tapecast.simulator.paper import wire
from tapecast.simulator.paper.order import Order, Side
from tapecast.simulator.paper.orders import Orders
from tapecast.simulator.paper.refusal import malformed

_USUAL: Final = 50
_MOST: Final = 500


@dataclass(frozen=True)
class OrderQuery:
    """A choice of orders."""

    status: str
    limit: int
    after_ns: int | None
    until_ns: int | None
    newest_first: bool
    nested: bool
    side: Side | None
    # Without slashes: either spelling is right.
    symbols: frozenset[str]

    @classmethod
    def of(cls, words: Mapping[str, str]) -> OrderQuery:
        """A query string as a choice. Raises Refusal."""
        symbols = words.get("symbols", "").replace("/", "").split(",")
        side = _one_of(words, "side", "", ("", *Side))
        return cls(
            _one_of(words, "status", "open", ("open", "closed", "all")),
            _limit(words.get("limit")),
            _time(words, "after"),
            _time(words, "until"),
            _one_of(words, "direction", "desc", ("asc", "desc")) == "desc",
            is_true(words.get("nested")),
            Side(side) if side else None,
            frozenset(symbols) - {""},
        )

    def answer(self, orders: Orders) -> list[dict[str, Any]]:
        """Those that were asked for; nested, a leg is shown in its order, if that is among them."""
        found = [order for order in orders if self._wants(order)]
        if self.nested:
            parents = set(found)
            found = [order for order in found if order.parent not in parents]
        if self.newest_first:
            found.reverse()
        return [wire.order(order, nested=self.nested) for order in found[: self.limit]]

    def _wants(self, order: Order) -> bool:
        return (
            (self.status == "all" or order.is_open == (self.status == "open"))
            and (self.side is None or order.side is self.side)
            and (not self.symbols or order.symbol.replace("/", "") in self.symbols)
            and (self.after_ns is None or order.created_ns > self.after_ns)
            and (self.until_ns is None or order.created_ns <= self.until_ns)
        )


def is_true(word: str | None) -> bool:
    """A switch in a query string."""
    return (word or "").lower() in {"true", "1"}


def _one_of(words: Mapping[str, str], name: str, usual: str, allowed: tuple[str, ...]) -> str:
    word = words.get(name, usual).lower()
    if word not in allowed:
        raise malformed(f"invalid {name}: must be one of {', '.join(each for each in allowed if each)}")
    return word


def _limit(word: str | None) -> int:
    if word is None:
        return _USUAL
    if not word.isascii() or not word.isdigit() or not 0 < int(word) <= _MOST:
        raise malformed(f"invalid limit: must be from 1 to {_MOST}")
    return int(word)


def _time(words: Mapping[str, str], name: str) -> int | None:
    word = words.get(name)
    if not word:
        return None
    try:
        # A plus sign in a query string that nobody escaped is a space.
        when = datetime.fromisoformat(word.replace(" ", "+"))
        return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1_000_000) * 1_000
    except (ValueError, OverflowError):
        raise malformed(f"invalid {name}: not an RFC 3339 time") from None
