"""How the account spells crypto pairs, and how everything else does: BTCUSD is BTC/USD on the feed.

The venue's own list of pairs is exact. While it cannot be had, and for a pair that is not on it, the pair is
cut where a known quote currency begins. Whatever does not look like a pair stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

Fields = dict[str, object]

CRYPTO: Final = ("crypto", "crypto_perp")
"""No set: what the venue says in this place may be of any type."""
_QUOTES: Final = ("USDT", "USDC", "USDG", "USD", "BTC")
"""The longer ones first."""


class Pairs:
    """The venue's list, as far as it is known."""

    def __init__(self) -> None:
        self._spelling: dict[str, str] = {}

    def learn(self, symbols: Iterable[object]) -> None:
        """Take the pairs of the venue's list, and leave out what is none."""
        self._spelling |= {s.replace("/", ""): s for s in symbols if isinstance(s, str) and "/" in s}

    def knows(self, symbol: object) -> bool:
        """Whether the list has this pair, in either spelling."""
        return isinstance(symbol, str) and symbol.replace("/", "") in self._spelling

    def spell(self, symbol: str, asset_class: object) -> str:
        """The symbol as on the feed."""
        if asset_class not in CRYPTO and asset_class is not None:
            return symbol
        known = self._spelling.get(symbol)
        if known is not None or asset_class is None or "/" in symbol:
            return known or symbol
        for quote in _QUOTES:
            if symbol.endswith(quote) and len(symbol) > len(quote):
                return f"{symbol.removesuffix(quote)}/{quote}"
        return symbol

    def translate(self, item: Fields) -> None:
        """Spell the symbol of a position or an order, and of an order's legs, as on the feed."""
        symbol, asset_class = item.get("symbol"), item.get("asset_class")
        if isinstance(symbol, str):
            item["symbol"] = self.spell(symbol, asset_class if isinstance(asset_class, str) else None)
        legs = item.get("legs")
        # Not theirs: the venue nests one level, and a hostile answer a thousand.
        for leg in legs if isinstance(legs, list) else ():
            if isinstance(leg, dict) and isinstance(name := leg.get("symbol"), str):
                leg_class = leg.get("asset_class")
                leg["symbol"] = self.spell(name, leg_class if isinstance(leg_class, str) else asset_class)
