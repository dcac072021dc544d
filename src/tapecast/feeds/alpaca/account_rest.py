"""The account by REST: positions, figures, recent orders, all with the venue's names and decimal strings.

What is no object in a list is left out and counted: one odd entry must not cost the good ones beside it, and
who reads the list has to know that it may not be all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from tapecast.errors import FeedError
from tapecast.feeds.alpaca.account_pairs import CRYPTO, Pairs
from tapecast.feeds.alpaca.rest_client import RestClient, is_sound, not_understood

Fields = dict[str, object]

ORDERS: Final = {"status": "all", "limit": "50", "nested": "true", "direction": "desc"}
NAMES: Final = frozenset({"account_number", "id", "equity", "cash"})
"""Of these an account has at least one."""
ASSETS_AGAIN_S: Final = 3600.0
"""A pair that is not on the venue's list is not asked for again with every poll."""


class Listing(NamedTuple):
    """A list of the venue's, and how many of its entries made no sense."""

    items: list[Fields]
    left_out: int = 0


class AccountRest:
    """Four calls, three of them for what changes."""

    def __init__(
        self,
        client: RestClient,
        base: str,
        pairs: Pairs,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._base = base
        self._pairs = pairs
        self._clock = clock
        self._assets_from = clock()

    async def positions(self) -> Listing:
        """The open positions. Raises FeedError."""
        found = await self._list("/v2/positions", "position")
        await self._learn_pairs(found.items)
        for each in found.items:
            self._pairs.translate(each)
        return found

    async def figures(self) -> Fields:
        """The account itself: equity, cash, buying power. Raises FeedError."""
        url = self._base + "/v2/account"
        answer = await self._client.get(url)
        # An error in the place of the account must not pass for one without money.
        if not isinstance(answer, dict) or not answer.keys() & NAMES or not is_sound(answer):
            raise not_understood(url)
        return answer

    async def orders(self) -> Listing:
        """The recent orders, newest first. Raises FeedError."""
        found = await self._list("/v2/orders", "order", ORDERS)
        await self._learn_pairs(found.items)
        for each in found.items:
            self._pairs.translate(each)
        return found

    async def _learn_pairs(self, items: list[Fields]) -> None:
        crypto = [each.get("symbol") for each in items if each.get("asset_class") in CRYPTO]
        if self._clock() < self._assets_from or all(self._pairs.knows(symbol) for symbol in crypto):
            return
        self._assets_from = self._clock() + ASSETS_AGAIN_S
        try:
            assets = await self._list("/v2/assets", "asset", {"asset_class": "crypto"})
        except FeedError:
            # The pairs can be guessed; the positions that wait for them are worth more.
            return
        self._pairs.learn(asset.get("symbol") for asset in assets.items)

    async def _list(self, path: str, kind: str, params: dict[str, str] | None = None) -> Listing:
        answer = await self._client.get(self._base + path, params)
        if not isinstance(answer, list):
            raise not_understood(self._base + path)
        items = [item for item in answer if isinstance(item, dict) and _is_usable(item, kind)]
        return Listing(items, len(answer) - len(items))


def _is_usable(item: Fields, kind: str) -> bool:
    # An order of several legs has an empty symbol; it goes by its id.
    return isinstance(item.get("id" if kind == "order" else "symbol"), str) and is_sound(item)
