"""What somebody outside makes happen: prints, quotes, amendments, bursts, bad frames, errors.

Whatever is injected goes through the market first, so that REST agrees and numbers go on, and then to the
sessions that are subscribed to it and to the paper account.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from typing import Any, Final, cast

import msgspec

from tapecast.simulator import bad, wire
from tapecast.simulator.amends import Amend, Cancel, Correction
from tapecast.simulator.bad import Bad
from tapecast.simulator.codec import Codec, Encoded
from tapecast.simulator.endpoint import Endpoint
from tapecast.simulator.exchange import Exchange
from tapecast.simulator.ledger import KEPT_PRINTS, Book, Event, Print
from tapecast.simulator.paper.account import PaperAccount
from tapecast.simulator.paper.endpoint import TradingEndpoint
from tapecast.simulator.session import Session
from tapecast.simulator.symbols import Instrument

QUOTED_SIZE: Final = 100.0
MOST: Final = 50_000
"""Trades in one burst: half of what an outbox holds, so that one burst alone is nobody's 407."""


class Desk:
    """One market, and who looks at it."""

    def __init__(
        self, market: Exchange, gates: Mapping[str, Endpoint | TradingEndpoint], account: PaperAccount
    ) -> None:
        self.market = market
        self._gates = gates
        self._account = account

    def trade(
        self,
        symbol: str,
        price: float,
        size: float = 100,
        conditions: Sequence[str] = ("@",),
        ns: int | None = None,
    ) -> int:
        """Let one trade print, by default now; its id. Raises ValueError for a symbol that is not listed."""
        event = Print(self._listed(symbol), _at(ns), 0, price, size, True, tuple(conditions))
        return self._print(event).number

    def quote(self, symbol: str, bid: float, ask: float, ns: int | None = None) -> None:
        """Let one quote stand, by default now. Raises ValueError for a symbol that is not listed."""
        book = Book(self._listed(symbol), _at(ns), bid, ask, QUOTED_SIZE, QUOTED_SIZE)
        self._hand_out(self.market.inject(book))

    def correct(self, symbol: str, number: int, price: float) -> None:
        """Give an earlier trade another price (`c`). Raises ValueError if there is no such trade."""
        amended = self.market.correct(symbol, number, price)
        if amended is None:
            raise ValueError(_unknown_trade(symbol, number))
        self._hand_out(Correction(*amended, time.time_ns()))

    def cancel(self, symbol: str, number: int) -> None:
        """Strike out an earlier trade (`x`). Raises ValueError if there is no such trade."""
        trade = self.market.cancel(symbol, number)
        if trade is None:
            raise ValueError(_unknown_trade(symbol, number))
        self._hand_out(Cancel(trade, time.time_ns()))

    def burst(self, count: int, path: str | None = None) -> int:
        """Let the subscribed symbols of a path, or of all, print `count` times in all; how often they did.

        Raises ValueError for more than the clients could be sent at once.
        """
        if not 1 <= count <= MOST:
            raise ValueError(f"count must be from 1 to {MOST}, was {count}")
        symbols = sorted(set().union(*(each.audible for each in self._holders(path))))
        now = time.time_ns()
        printed = [self._again(symbol, now + at) for at, symbol in enumerate(islice(cycle(symbols), count))]
        return len(printed)

    def send(self, kind: Bad | str, path: str | None = None) -> int:
        """One bad frame to who is authenticated on a path, or on each; to how many. Raises ValueError."""
        kind = _bad(kind)
        trading = [each.spoil(kind) for each in self.at(path) if isinstance(each, TradingEndpoint)]
        holders = self._holders(path)
        for holder in holders:
            codec = holder.outbox.codec
            payload, text = bad.frame(kind, codec, self._good(kind, holder, codec))
            holder.outbox.raw(payload, text=text)
        return len(holders) + sum(trading)

    def error(self, code: int, path: str | None = None) -> int:
        """An error message to every session of a path, or of all; to how many. 407 ends them."""
        sessions = [session for each in self.at(path) for session in each.sessions]
        for session in sessions:
            session.fail(code)
        return len(sessions)

    def at(self, path: str | None) -> list[Endpoint | TradingEndpoint]:
        """One endpoint, or all. Raises ValueError for a path that is not served."""
        if path is None:
            return list(self._gates.values())
        if path not in self._gates:
            raise ValueError(f"no path {path}; paths are: {', '.join(self._gates)}")
        return [self._gates[path]]

    def _holders(self, path: str | None) -> list[Session]:
        endpoints = (each for each in self.at(path) if isinstance(each, Endpoint))
        return [each.holder for each in endpoints if each.holder is not None]

    def _good(self, kind: Bad, holder: Session, codec: Codec) -> list[dict[str, Any]]:
        """Two trades, of two symbols if there are two, that the holder gets nowhere else."""
        symbols = sorted(holder.audible)[:2]
        events: list[Event] = [self._repeated(each, time.time_ns()) for each in islice(cycle(symbols), 2)]
        if kind not in bad.LOST:
            # Else REST would know of trades that nobody was sent.
            events = [self.market.inject(each) for each in events]
        return [
            msgspec.to_builtins(wire.message(each, codec.stamp), builtin_types=(msgspec.msgpack.Ext,))
            for each in events
        ]

    def _again(self, symbol: str, ns: int) -> Event:
        return self._print(self._repeated(symbol, ns))

    def _repeated(self, symbol: str, ns: int) -> Print:
        """A new trade at the last one's price."""
        listed = self._listed(symbol)
        image = self.market.image(symbol, ns)
        price = image.trade.price if image is not None else listed.level
        return Print(listed, ns, 0, price, 100, True)

    def _print(self, event: Print) -> Print:
        printed = cast("Print", self.market.inject(event))
        self._hand_out(printed)
        return printed

    def _hand_out(self, event: Event | Amend) -> None:
        encoded = Encoded(event)
        for holder in self._holders(None):
            holder.deliver(encoded)
        if isinstance(event, (Print, Book)):
            self._account.see(event, time.time_ns())

    def _listed(self, symbol: str) -> Instrument:
        listed = self.market.instrument(symbol)
        if listed is None:
            raise ValueError(f"{symbol} is not listed here")
        return listed


def _at(ns: int | None) -> int:
    return time.time_ns() if ns is None else ns


def _bad(kind: Bad | str) -> Bad:
    try:
        return Bad(kind)
    except ValueError:
        raise ValueError(f"no kind {kind!r}; kinds are: {', '.join(Bad)}") from None


def _unknown_trade(symbol: str, number: int) -> str:
    return f"{symbol} has no trade {number}; the last {KEPT_PRINTS} of a symbol are known"
