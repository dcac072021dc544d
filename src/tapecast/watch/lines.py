"""Events as lines: JSON for programs, text for people."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from tapecast.client import Connection, Event, Feed, Portfolio, Position, Stream, SymbolStatus, Tick
from tapecast.client.events import NAMES
from tapecast.refusals import clean
from tapecast.watch import figures

_NAMES: Final = {kind: name for name, kind in NAMES.items()} | {Tick: "tick", Connection: "connection"}
_encode = msgspec.json.Encoder(decimal_format="number").encode
_WIDTH: Final = 8


def as_json(event: Event, stream: Stream) -> bytes:
    """`{"event": name, …}` and the event's fields; a tick also says its symbol's `state` and `reason`."""
    body = _encode(event)[1:-1]
    if isinstance(event, Tick) and (status := stream.states.get(event.symbol)) is not None:
        # Both begin with the symbol.
        state = _encode(status)[1:-1].partition(b",")[2]
        body += b"," + state
    return b'{"event":"%s",%s}\n' % (_NAMES[type(event)].encode(), body)


def as_text(event: Event, stream: Stream) -> bytes | None:
    """A line for a person; None for what tells them nothing."""
    words = _words(event, stream)
    if words is None:
        return None
    return f"{datetime.now().astimezone():%H:%M:%S}  {words}\n".encode()


def _words(event: Event, stream: Stream) -> str | None:
    match event:
        case Tick():
            return _tick(event, stream)
        case SymbolStatus(symbol=name, state=state, reason=reason):
            return f"{clean(name):{_WIDTH}}  {state}{_because(reason)}"
        case Feed(market=name, state=state, reason=reason):
            words = " (SIMULATED)" if event.simulated else ""
            return f"{clean(name):{_WIDTH}}  feed {state}{_because(reason)}{words}"
        case Connection(state=state, message=message):
            return f"{'server':{_WIDTH}}  {state}{_because(message)}"
    return _account_words(event)


def _account_words(event: Event) -> str | None:
    match event:
        case Position(symbol=name, market_value=value, unrealized_pl=profit, state=state):
            amounts = f"{figures.price(value, 2)}  P/L {figures.signed(profit)}"
            return f"{clean(name):{_WIDTH}}  position {figures.quantity(event.qty)} worth {amounts}  {state}"
        case Portfolio(equity=equity, day_pl=day):
            return f"{'account':{_WIDTH}}  equity {figures.price(equity)}  day {figures.signed(day)}"
    return None


def _tick(tick: Tick, stream: Stream) -> str:
    digits = figures.digits_of(tick.price)
    book = f"{figures.price(tick.bid, digits)} / {figures.price(tick.ask, digits)}"
    status = stream.states.get(tick.symbol)
    state = "" if status is None else status.state
    price = f"{clean(tick.symbol):{_WIDTH}}  {figures.price(tick.price, digits):>12}"
    return f"{price}  {figures.percent(tick.change_percent):>8}  {book:>25}  {state}"


def _because(reason: str) -> str:
    return f": {clean(reason)}" if reason else ""
