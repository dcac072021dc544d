"""Who is told what of the account. It listens to the positions' symbols while it has readers.

| event       | what                                   | when                                     |
| ----------- | -------------------------------------- | ---------------------------------------- |
| `feed`      | whether the account is kept up to date | at once, on change                       |
| `positions` | all of them                            | at once, when one came or went           |
| `position`  | one at another price, or changed       | at the client's interval                 |
| `portfolio` | the totals                             | likewise, and at most ten times a second |
| `orders`    | the recent ones                        | at once, when they were read anew        |
| `order`     | an order event                         | at once, each of them, in order          |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from tapecast.api import frames
from tapecast.api.account.holding import Holding, sight
from tapecast.api.account.numbers import POSITION, order_with_numbers, with_numbers
from tapecast.api.account.totals import Totals, head, mark
from tapecast.api.account.upkeep import AccountFeed, Upkeep
from tapecast.api.mailbox import Mailbox
from tapecast.api.markets import Markets
from tapecast.api.topic import Topic, TopicListener
from tapecast.api.view import View
from tapecast.bus.codec import AccountChange, AccountImage, Fields
from tapecast.clock import Clock
from tapecast.market import market_of

FEED: Final = "feed:account"
PORTFOLIO: Final = "*"
"""Its place among the waiting positions. No symbol looks like it."""


class PriceSource(Protocol):
    """The hub, as the book uses it."""

    def attach(self, listener: TopicListener, symbols: list[str]) -> None:
        """Listen to these symbols."""

    def detach(self, listener: TopicListener, symbols: list[str]) -> None:
        """Stop listening to them."""

    def topic(self, symbol: str) -> Topic | None:
        """What is known of a symbol that somebody listens to."""


class AccountBook:
    """The newest image of the account, its positions at their newest prices, and their readers."""

    def __init__(
        self, prices: PriceSource, markets: Markets, clock: Clock, on_change: Callable[[], None]
    ) -> None:
        self._prices = prices
        self._clock = clock
        # Called when the number of readers changed: ingest reads the account only while somebody wants it.
        self._on_change = on_change
        self.upkeep = Upkeep(clock, markets)
        self._readers: set[View] = set()
        self._image: AccountImage | None = None
        # Positions as readers were told them last, in Alpaca's order.
        self._holdings: dict[str, Holding] = {}
        self._attached: list[str] = []
        self._totals = Totals(clock)
        self._told: AccountFeed | None = None
        # Order events so far, and the frame of these orders.
        self._events = 0
        self._listed: tuple[list[Fields], bytes] | None = None

    def __len__(self) -> int:
        return len(self._readers)

    def __contains__(self, view: View) -> bool:
        return view in self._readers

    # The clients' side.

    def add(self, view: View) -> None:
        """Send the account to this view from now on: what is new, for its clients are introduced."""
        is_first = not self._readers
        if is_first:
            # What was said of the prices is of when somebody last looked.
            self._holdings = {symbol: self._at_price(each.base) for symbol, each in self._holdings.items()}
            self.upkeep.ask(is_read=True)
        self._readers.add(view)
        self._follow()
        if is_first:
            self._told = self.upkeep.status()
            if self._image is not None:
                self._totals.news(self._image, self._told, self._holdings.values())

    def remove(self, view: View) -> None:
        """Stop it, if it was there."""
        if view in self._readers:
            self._readers.remove(view)
            if not self._readers:
                self.upkeep.ask(is_read=False)
            self._follow()

    def introduce(self, mailbox: Mailbox) -> None:
        """Tell a new client all that is known, however old: it says so itself."""
        status, image = self.upkeep.status(), self._image
        mailbox.put_event(FEED, frames.event("feed", status))
        if image is not None and image.as_of:
            mailbox.put_event("positions", self._list_frame(image))
            mailbox.put_event("portfolio", self._totals.frame(image, status, self._holdings.values()))
            mailbox.put_orders(self._orders_frame())

    # The hub's side. Each returns at once and never raises.

    def on_account(self, image: AccountImage, change: AccountChange | None, age_s: float) -> None:
        """Take the account as it is now; `change` led to it, or it was read as a whole."""
        was, self._image = self._image, image
        self.upkeep.hear(image, age_s)
        is_new = was is None or _whose(was) != _whose(image)
        if was is None or is_new or image.as_of != was.as_of or image.positions != was.positions:
            self._hold(image, is_new=is_new)
        is_read = change is None or change.orders is not None
        if is_new or (was is not None and is_read and image.orders != was.orders):
            self._tell_orders(image)
        if change is not None and change.order is not None:
            self._tell_order(change.order)
        self._totals.move()
        self.judge()

    def put_state(self, symbol: str, frame: bytes) -> None:
        """A symbol's state changed: the position says so."""
        del frame
        self._tell(symbol)

    def ring(self, symbol: str) -> None:
        """A symbol's price changed, or was void."""
        self._tell(symbol)

    def judge(self) -> None:
        """Tell what time or silence has changed."""
        if not self._readers:
            return
        status, told = self.upkeep.status(), self._told
        if told is None or _kind(told) != _kind(status):
            self._told = status
            self._totals.move()
            frame = frames.event("feed", status)
            for view in self._readers:
                view.put_event(FEED, frame)
        self._tell_totals(status)

    # What is held.

    def _hold(self, image: AccountImage, *, is_new: bool) -> None:
        was = self._holdings
        bases = [with_numbers(position, POSITION) for position in image.positions]
        self._holdings = {str(base.get("symbol")): self._at_price(base) for base in bases}
        self._follow()
        if not image.as_of or not self._readers:
            return
        if was.keys() == self._holdings.keys() and not is_new:
            for symbol, holding in self._holdings.items():
                if holding.fields != was[symbol].fields:
                    self._put(symbol, holding)
            return
        frame = self._list_frame(image)
        for view in self._readers:
            # A position that still waits was priced from the list before this one.
            for symbol in was.keys() | self._holdings.keys():
                view.drop_position(symbol)
            view.put_event("positions", frame)

    def _tell(self, symbol: str) -> None:
        was = self._holdings.get(symbol)
        if was is None or was.sight == sight(symbol, self._prices.topic(symbol)):
            return
        holding = self._holdings[symbol] = self._at_price(was.base)
        # What is newly believed, or newly old, may be no other figure.
        if holding.fields != was.fields:
            self._put(symbol, holding)
            self._totals.move()
            self._tell_totals(self.upkeep.status())

    def _put(self, symbol: str, holding: Holding) -> None:
        payload = holding.payload(self._clock.micros()) | mark(self._image)
        frame = frames.event("position", payload)
        for view in self._readers:
            view.put_position(symbol, frame)

    def _at_price(self, base: Fields) -> Holding:
        symbol, as_of = str(base.get("symbol")), self._image.as_of if self._image is not None else ""
        return Holding(base, sight(symbol, self._prices.topic(symbol)), as_of)

    def _list_frame(self, image: AccountImage) -> bytes:
        now_us = self._clock.micros()
        positions = [holding.payload(now_us) for holding in self._holdings.values()]
        return frames.event("positions", head(image) | {"positions": positions})

    def _follow(self) -> None:
        wanted = [s for s in self._holdings if market_of(s) is not None] if self._readers else []
        left = [symbol for symbol in self._attached if symbol not in wanted]
        added = [symbol for symbol in wanted if symbol not in self._attached]
        self._attached = wanted
        self._prices.attach(self, added)
        self._prices.detach(self, left)
        self._on_change()

    # Totals and orders.

    def _tell_totals(self, status: AccountFeed) -> None:
        image = self._image
        if image is None or not image.as_of or not self._totals.is_due:
            return
        frame = self._totals.news(image, status, self._holdings.values())
        if frame is not None:
            for view in self._readers:
                view.put_position(PORTFOLIO, frame)

    def _tell_orders(self, image: AccountImage) -> None:
        if image.as_of and self._readers:
            frame = self._orders_frame()
            for view in self._readers:
                view.put_orders(frame)

    def _tell_order(self, event: Fields) -> None:
        self._events += 1
        frame = frames.event("order", order_with_numbers(event) | mark(self._image))
        for view in self._readers:
            view.put_order(self._events, frame, self._orders_frame)

    def _orders_frame(self) -> bytes:
        orders = self._image.orders if self._image is not None else []
        if self._listed is None or self._listed[0] is not orders:
            # Once for all: it has some tens of KB, and many clients may fall behind at once.
            named: Fields = {"orders": [order_with_numbers(order) for order in orders]}
            self._listed = (orders, frames.event("orders", mark(self._image) | named))
        return self._listed[1]


def _kind(status: AccountFeed) -> tuple[str, str, bool]:
    return status.state, status.reason, status.simulated


def _whose(image: AccountImage) -> tuple[str, bool, bool]:
    # Whatever is known of another account, or was of none, is told as a whole.
    return image.account, image.simulated, bool(image.as_of)
