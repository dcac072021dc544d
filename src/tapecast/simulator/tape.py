"""The pump: lets the market move, and hands what happened to the endpoints."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import Final, Never

from tapecast.simulator.codec import Encoded
from tapecast.simulator.endpoint import Endpoint
from tapecast.simulator.exchange import Exchange
from tapecast.simulator.ledger import Event
from tapecast.simulator.minutes import Minute
from tapecast.simulator.paper.account import PaperAccount
from tapecast.simulator.session import Session

PACE_S: Final = 0.01
"""How late an event may be. A venue is later than that."""


async def run_tape(market: Exchange, endpoints: Collection[Endpoint], account: PaperAccount) -> Never:
    """Pump for ever."""
    while True:
        pump(market, endpoints, time.time_ns(), account)
        await asyncio.sleep(PACE_S)


def pump(
    market: Exchange, endpoints: Collection[Endpoint], now_ns: int, account: PaperAccount | None = None
) -> None:
    """Hand everything that happened until now to whoever is subscribed to it, and to the account."""
    holders = [each.holder for each in endpoints if each.holder is not None]
    symbols: set[str] = set().union(*(holder.moving for holder in holders))
    if account is not None:
        symbols.update(account.symbols)
    for event in market.advance(symbols, now_ns):
        _hand_out(event, holders)
        if account is not None and event.instrument.symbol in account.symbols:
            account.see(event, now_ns)
    for minute in market.minutes(now_ns):
        _hand_out(minute, holders)
    if account is not None:
        account.step(now_ns)


def _hand_out(event: Event | Minute, holders: Collection[Session]) -> None:
    encoded = Encoded(event)
    for holder in holders:
        holder.deliver(encoded)
