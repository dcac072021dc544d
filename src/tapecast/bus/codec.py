"""What the values in Redis look like, and the only place where they are made and read.

A tick is encoded once, in ingest; the api sends the very same bytes to browsers and reads only its head. One
that is a head and nothing else, without a price, says that there is none any more: what was known of it has
turned out never to have been. It is published, and never kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from tapecast.bars import BarCounts, Interval
from tapecast.bus.histogram import Histogram
from tapecast.market import FeedState, Market, SymbolState, Tick

T = TypeVar("T")


class Head(msgspec.Struct, frozen=True, gc=False):
    """The part of a tick that orders it. Decoding skips the rest."""

    symbol: str
    epoch: int
    seq: int
    ts_recv: int = 0
    # Not read, only whether it is there.
    price: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    @property
    def is_void(self) -> bool:
        """Whether this is a head and nothing else: there is no price any more."""
        return self.price is msgspec.UNSET

    @property
    def order(self) -> tuple[int, int]:
        """Readers drop whatever is not above the order that they hold."""
        return (self.epoch, self.seq)


class Beat(msgspec.Struct, frozen=True, omit_defaults=True):
    """The owner's pulse for one market, every second and at each change of state.

    It vouches for every tick of `epoch` whose seq is at least `seq`: those were made or confirmed in the
    venue session that is open now. Older ones may have missed a trade while the socket was down.
    """

    market: Market
    epoch: int
    seq: int
    state: FeedState
    server_time: int
    feed: str = ""
    reason: str = ""
    since: str = ""
    simulated: bool = False
    # How long before this beat the venue was last heard, in milliseconds: the beat vouches from then on only.
    heard_ms_ago: int = 0


class FeedStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """One feed as `/stream/status` and the `feed` event show it. `since` is RFC 3339."""

    feed: str
    market: Market
    state: FeedState
    reason: str = ""
    since: str = ""
    simulated: bool = False


class LeaseStatus(msgspec.Struct, frozen=True):
    """Who holds a market's one connection, and under which fence."""

    holder: str
    epoch: int


class AccountStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one ingest process says of the account. Counters are since its start."""

    state: FeedState
    reason: str = ""
    since: str = ""
    simulated: bool = False
    # REST calls, and those that the venue refused for their number.
    calls: int = 0
    limited: int = 0
    # Of the stream of order events.
    reconnects: int = 0
    order_events: int = 0


class IngestStatus(msgspec.Struct, frozen=True):
    """What one ingest process says of itself. Rates are per second, times in microseconds."""

    id: str
    version: str
    server_time: int
    feeds: list[FeedStatus]
    leases: dict[str, LeaseStatus]
    active_symbols: list[str]
    refused: dict[str, str]
    messages: int
    messages_per_second: float
    newest_ts_recv: int
    reconnects: int
    rejected: dict[str, int]
    # Symbols that had gone silent while the venue traded them, and were subscribed anew; since the start.
    resubscribed: int = 0
    # Messages of the venue by type: trade, quote, correction, cancel; and REST snapshots.
    received: dict[str, int] = {}
    # How long flushes took, from the word that something is new to Redis's answer.
    flushes: Histogram = msgspec.field(default_factory=Histogram)
    # None where the feed has no account.
    account: AccountStatus | None = None
    # By how much its clock is ahead of Redis's, in whole seconds; 0 below two.
    clock_offset_s: int = 0
    # Its last words: it has ended on purpose and is not to be counted any more.
    gone: bool = False
    # Of the active and the refused symbols those that no client of prices asks for, what may be held.
    # Every process needs them, and no stranger may be told.
    private: list[str] = []
    bars: BarCounts = msgspec.field(default_factory=BarCounts)


class ReplicaStatus(msgspec.Struct, frozen=True):
    """What one api process says of itself."""

    id: str
    version: str
    server_time: int
    stream_count: int
    # Both as in IngestStatus.
    clock_offset_s: int = 0
    gone: bool = False


class Interest(msgspec.Struct, frozen=True):
    """What one api process wants: listeners by symbol, and different views of the account's positions.

    `bars`: the lengths of bars that are wanted, by symbol. `held`: symbols that only the account's positions
    want, apart because strangers may be told of the others.
    """

    symbols: dict[str, int]
    positions: int = 0
    bars: dict[str, list[Interval]] = {}
    held: list[str] = []


Fields = dict[str, object]
"""What the venue said of the account: its names, its decimal strings; pairs spelled as on the feed."""


class AccountImage(msgspec.Struct, frozen=True):
    """All that is known of the account, as of change `seq` of `epoch`: what `account` holds.

    `as_of`: when positions and figures were read, RFC 3339; empty before the first time. `orders`: the recent
    ones, newest first. `state` tells whether all this is kept up to date, and has a `reason` where it is not.
    """

    epoch: int
    seq: int
    simulated: bool
    account: str = ""
    as_of: str = ""
    positions: list[Fields] = []
    portfolio: Fields = {}
    orders: list[Fields] = []
    state: FeedState = FeedState.CONNECTING
    reason: str = ""
    since: str = ""


class AccountChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step from the image of `seq` - 1 to the next; an empty one says that all of it still holds.

    What is not set has not changed. `positions`: those that are new or different, whole; `closed`: symbols of
    those that are gone. `order`: an order event as the venue sent it (`event`, `order`, ...); `orders`: all,
    read anew.
    """

    epoch: int
    seq: int
    account: str | None = None
    as_of: str | None = None
    positions: list[Fields] = []
    closed: list[str] = []
    portfolio: Fields | None = None
    order: Fields | None = None
    orders: list[Fields] | None = None
    state: FeedState | None = None
    reason: str | None = None
    since: str | None = None


class SymbolStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """The `symbol` event."""

    symbol: str
    state: SymbolState
    reason: str = ""


def decoder(kind: type[T]) -> Callable[[bytes], T]:
    """Decodes such values, and raises msgspec.DecodeError and nothing else where the bytes are none."""
    decode = msgspec.json.Decoder(kind).decode

    def checked(data: bytes) -> T:
        try:
            return decode(data)
        except (UnicodeDecodeError, RecursionError) as error:
            # What a foreign program writes under our names must not end the reader that meets it.
            raise msgspec.DecodeError(str(error)) from None

    return checked


encode = msgspec.json.Encoder().encode
"""Any of the values above as JSON bytes."""

# Each raises msgspec.DecodeError, and nothing else, where the bytes are not such a value.
decode_head = decoder(Head)
decode_tick = decoder(Tick)
decode_beat = decoder(Beat)
decode_ingest_status = decoder(IngestStatus)
decode_replica_status = decoder(ReplicaStatus)
decode_interest = decoder(Interest)
decode_account = decoder(AccountImage)
decode_account_change = decoder(AccountChange)

_TAIL = b',"epoch":'


def same_image(one: bytes, other: bytes) -> bool:
    """Whether two encoded ticks say the same and differ at most in epoch, seq and receive time.

    After a reconnect every symbol is published again under a new seq; clients need not hear what they know.
    """
    return one[: one.rfind(_TAIL)] == other[: other.rfind(_TAIL)]
