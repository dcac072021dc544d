"""What is wrong with one path, and with REST: plain switches, all off at first. No I/O.

They sit between the session and its outbox: the session asks them what to leave unsaid, what to refuse and of
which symbols to be silent. Nothing asks them per event except a look into the empty set of the muted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Final

EVERY: Final = "*"
"""All symbols of a path, here as in a subscription."""


class Step(StrEnum):
    """The replies of a handshake that may fail to come."""

    WELCOME = "welcome"
    AUTH = "auth"
    SUBSCRIPTION = "subscription"


class Cure(StrEnum):
    """What ends the silence of muted symbols, besides turning it off."""

    SUBSCRIPTION = "subscription"  # a new one, on the same connection or another
    CONNECTION = "connection"  # only a new one of these
    NOTHING = "nothing"


@dataclass(eq=False)
class Faults:
    """Of one path. Change them at any time; what was sent stays sent."""

    # Replies that never come. What they would have confirmed has happened all the same.
    silent: set[Step] = field(default_factory=set)
    # HTTP status that answers every upgrade.
    upgrade: int | None = None
    # Error code that answers every log-in.
    login: int | None = None
    # Symbol -> error code that refuses the whole subscribe message that names it.
    refused: dict[str, int] = field(default_factory=dict)
    # Symbols that are accepted without a word and yet never are part of a subscription.
    unconfirmed: set[str] = field(default_factory=set)
    # Every connection ends as soon as it has been told that it is subscribed.
    hangs_up: bool = False
    # Subscribed, and not a word of them comes until they are cured; "*" = all.
    muted: set[str] = field(default_factory=set)
    cure: Cure = Cure.SUBSCRIPTION
    # For how long after an end without a close frame the slot stays taken.
    linger_s: float = 0.0
    # Cleared while the path is frozen: nothing is read or written on it.
    flowing: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    # Those of the muted that somebody was subscribed to: the next subscription ends it.
    _missed: set[str] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        self.flowing.set()

    @property
    def frozen(self) -> bool:
        """Whether nothing is read or written. Changed by `Simulator.freeze` and `thaw`."""
        return not self.flowing.is_set()

    def clear(self) -> None:
        """Everything off, except that a frozen path stays frozen: its sockets must be told to go on."""
        fresh = Faults()
        for each in fields(self):
            if each.name != "flowing":
                setattr(self, each.name, getattr(fresh, each.name))

    def mutes(self, symbol: str) -> bool:
        """Whether nothing of this symbol is to be sent."""
        return symbol in self.muted or EVERY in self.muted

    def miss(self, symbols: Iterable[str], *, gone: bool = False) -> None:
        """Somebody was subscribed to these: if they were muted, a new subscription will end it.

        `gone`: and with the subscriptions went the connection.
        """
        if self.cure is Cure.SUBSCRIPTION or (gone and self.cure is Cure.CONNECTION):
            self._missed.update(symbol for symbol in symbols if self.mutes(symbol))

    def hear(self, added: AbstractSet[str], others: AbstractSet[str]) -> None:
        """`added` are subscribed anew, `others` already were: those that had been missed are heard again."""
        cured = {symbol for symbol in added & self._missed if self.mutes(symbol)}
        if cured and EVERY in self.muted:
            self.muted = (self.muted - {EVERY}) | others
        self.muted -= cured
        self._missed -= added


@dataclass
class RestFaults:
    """Of every REST answer whose path begins with `only`; the last three are of what the account says."""

    status: int | None = None
    delay_s: float = 0.0
    only: str = ""
    # A page, as a proxy in between would send, where JSON belongs.
    html: bool = False
    # Positions and account are as they were so long ago, though orders and the trading stream are not.
    lag_s: float = 0.0
    # Symbol -> fields of its position as they should not be. A symbol that is not held is one position more.
    positions: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Fields that positions and the account lack.
    missing: set[str] = field(default_factory=set)

    def clear(self) -> None:
        """Everything off."""
        fresh = RestFaults()
        for each in fields(self):
            setattr(self, each.name, getattr(fresh, each.name))
