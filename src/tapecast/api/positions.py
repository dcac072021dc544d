"""The account's positions, re-priced by every tick of the hub, in exact decimal arithmetic.

The list is Alpaca's, with its field names and its own figures. Only what follows from a newer price is
computed anew, as the difference to what Alpaca said, so that fees and intraday rules stay Alpaca's business.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Final, Protocol

import msgspec

from tapecast.api import frames
from tapecast.api.mailbox import Mailbox
from tapecast.api.topic import Topic, TopicListener
from tapecast.api.view import View
from tapecast.bus.codec import PositionList
from tapecast.bus.keys import POSITIONS_TTL_S
from tapecast.clock import Clock
from tapecast.market import Market, SymbolState, market_of, parse_rfc3339

MONEY: Final = frozenset(
    {
        "qty", "qty_available", "avg_entry_price", "market_value", "cost_basis", "unrealized_pl",
        "unrealized_plpc", "unrealized_intraday_pl", "unrealized_intraday_plpc", "current_price",
        "lastday_price", "change_today", "swap_rate", "avg_entry_swap_rate", "usd",
    }
)  # fmt: skip
OPTION_SHARES: Final = 100
RATIO_PLACES: Final = Decimal("1e-10")

Position = dict[str, object]


class PricedTick(msgspec.Struct, frozen=True):
    """The part of a tick that prices a position, without a detour through binary floats."""

    price: Decimal
    ts_recv: int = 0
    timestamp: str = ""


_priced = msgspec.json.Decoder(PricedTick)


class PriceSource(Protocol):
    """The hub, as the book uses it."""

    def attach(self, listener: TopicListener, symbols: list[str]) -> None:
        """Listen to these symbols."""

    def detach(self, listener: TopicListener, symbols: list[str]) -> None:
        """Stop listening to them."""

    def topic(self, symbol: str) -> Topic | None:
        """What is known of a symbol that somebody listens to."""


class PositionBook:
    """The newest list and its readers. It listens to the positions' symbols while it has readers."""

    def __init__(self, prices: PriceSource, clock: Clock, on_change: Callable[[], None]) -> None:
        self._prices = prices
        self._clock = clock
        # Called when the number of readers changed: ingest reads positions only while somebody wants them.
        self._on_change = on_change
        self._readers: set[View] = set()
        self._list: PositionList | None = None
        self._list_until = 0.0
        self._by_symbol: dict[str, Position] = {}
        self._attached: list[str] = []
        self._shown: dict[str, Position] = {}

    def __len__(self) -> int:
        return len(self._readers)

    def __contains__(self, view: View) -> bool:
        return view in self._readers

    def add(self, view: View) -> None:
        """Send positions to this view from now on."""
        self._readers.add(view)
        self._follow()

    def remove(self, view: View) -> None:
        """Stop it, if it was there."""
        if view in self._readers:
            self._readers.remove(view)
            self._follow()

    def introduce(self, mailbox: Mailbox) -> None:
        """Tell a new client the list, if it is known."""
        # One from when somebody last looked may be hours old; a reader makes ingest read it again.
        if self._list is not None and self._clock.now() < self._list_until:
            mailbox.put_event("positions", self._list_frame())

    def on_positions(self, positions: PositionList) -> None:
        """Take the account's list as ingest read it."""
        gone = set(self._by_symbol)
        self._list = positions
        self._list_until = self._clock.now() + POSITIONS_TTL_S
        self._by_symbol = {str(item.get("symbol")): _with_numbers(item) for item in positions.positions}
        self._follow()
        if self._readers:
            frame = self._list_frame()
            for view in self._readers:
                # A position that still waits was priced from the list before this one.
                for symbol in gone | set(self._by_symbol):
                    view.drop_position(symbol)
                view.put_event("positions", frame)

    def put_state(self, symbol: str, frame: bytes) -> None:
        """A symbol's state changed: the position says so."""
        del frame
        self._tell(symbol)

    def ring(self, symbol: str) -> None:
        """A symbol's price changed, or was void."""
        self._tell(symbol)

    def _tell(self, symbol: str) -> None:
        if symbol not in self._by_symbol:
            return
        position = self._priced(symbol)
        # The age changes all the time; a quote without a trade changes nothing else.
        if _without_age(position) == self._shown.get(symbol):
            return
        self._shown[symbol] = _without_age(position)
        frame = frames.event("position", position)
        for view in self._readers:
            view.put_position(symbol, frame)

    def _list_frame(self) -> bytes:
        positions = [self._priced(symbol) for symbol in self._by_symbol]
        self._shown = {str(position["symbol"]): _without_age(position) for position in positions}
        listing = self._list
        head = {"account": listing.account, "as_of": listing.as_of} if listing else {}
        simulated = {"simulated": True} if listing and listing.simulated else {}
        return frames.event("positions", head | simulated | {"positions": positions})

    def _priced(self, symbol: str) -> Position:
        position = self._by_symbol[symbol]
        topic = self._prices.topic(symbol)
        if topic is None or topic.shown is None:
            return position | {"state": SymbolState.PENDING}
        state = {"state": topic.shown.state}
        tick = _tick_of(topic)
        # Alpaca's own figure may be newer than a price that is not current.
        is_old = topic.shown.state is SymbolState.STALE and tick and tick.ts_recv < self._as_of_us()
        if tick is None or is_old:
            return position | state
        age = {"price_age_ms": self._age_ms(tick)}
        return repriced(position, tick.price, _shares(symbol)) | age | state

    def _age_ms(self, tick: PricedTick) -> int:
        born_us = _micros(tick.timestamp) or tick.ts_recv
        return max(0, (self._clock.micros() - born_us) // 1000)

    def _as_of_us(self) -> int:
        return _micros(self._list.as_of) if self._list else 0

    def _follow(self) -> None:
        wanted = [s for s in self._by_symbol if market_of(s) is not None] if self._readers else []
        left = [symbol for symbol in self._attached if symbol not in wanted]
        added = [symbol for symbol in wanted if symbol not in self._attached]
        self._attached = wanted
        self._prices.attach(self, added)
        self._prices.detach(self, left)
        self._on_change()


def repriced(position: Position, price: Decimal, shares: int) -> Position:
    """The position at another price. What Alpaca left out or gave as null stays as it was."""
    qty, old_value = position.get("qty"), position.get("market_value")
    if not isinstance(qty, Decimal):
        return position
    value = qty * price * shares
    changed: Position = {"current_price": price, "market_value": value}
    cost, lastday = position.get("cost_basis"), position.get("lastday_price")
    if isinstance(cost, Decimal):
        changed |= _gain("unrealized_pl", "unrealized_plpc", value - cost, cost)
    intraday = position.get("unrealized_intraday_pl")
    if isinstance(intraday, Decimal) and isinstance(old_value, Decimal):
        # What the day began with, by Alpaca's own rule for shares bought today.
        start = old_value - intraday
        changed |= _gain("unrealized_intraday_pl", "unrealized_intraday_plpc", value - start, start)
    if isinstance(lastday, Decimal) and lastday:
        changed["change_today"] = _ratio(price - lastday, lastday)
    return position | changed


def _tick_of(topic: Topic) -> PricedTick | None:
    # The hub reads only a tick's head; what cannot price a position must not end the hub's reader.
    if topic.data is None:
        return None
    try:
        tick = _priced.decode(topic.data)
    except msgspec.DecodeError:
        return None
    return tick if tick.price.is_finite() else None


def _micros(time: str) -> int:
    try:
        return parse_rfc3339(time) // 1000
    except ValueError:
        return 0


def _gain(name: str, ratio_name: str, gain: Decimal, basis: Decimal) -> Position:
    # A short's basis is negative, its gain is not.
    change: Position = {name: gain}
    if basis:
        change[ratio_name] = _ratio(gain, abs(basis))
    return change


def _ratio(part: Decimal, whole: Decimal) -> Decimal:
    return (part / whole).quantize(RATIO_PLACES).normalize()


def _shares(symbol: str) -> int:
    return OPTION_SHARES if market_of(symbol) is Market.US_OPTION else 1


def _with_numbers(position: Position) -> Position:
    return {name: _number(value) if name in MONEY else value for name, value in position.items()}


def _number(value: object) -> object:
    # A figure that is no number is passed on as it is: the rest of the position is still good.
    try:
        number = Decimal(value) if isinstance(value, str) else value
    except InvalidOperation:
        return value
    return number if not isinstance(number, Decimal) or number.is_finite() else value


def _without_age(position: Position) -> Position:
    return {name: value for name, value in position.items() if name != "price_age_ms"}
