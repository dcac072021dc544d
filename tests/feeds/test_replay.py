"""A tape as feeds."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tapecast.errors import FeedFatal
from tapecast.feeds.base import Feed, FeedListener
from tapecast.feeds.replay import ReplayFeed, replay_feeds
from tapecast.feeds.timeline import Timeline
from tapecast.market import Cancel, Correction, FeedState, Market, Quote, Snapshot, Trade
from tapecast.recording import scan
from tests.support import HandClock, eventually
from tests.tapes import REAL_LAST, REAL_QUOTES, REAL_TRADES, quote, real_tape, trade, written

SLOW, FAST = 1e-6, 1e6
"""Speeds at which nothing after the first moment is due, and everything at once."""


class Ear(FeedListener):
    """A listener that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.states: list[tuple[FeedState, str | None]] = []
        self.subscribed: list[frozenset[str]] = []
        self.refused: dict[str, str] = {}
        self.rejected: Counter[str] = Counter()
        self.sessions = 0

    def on_session(self) -> None:
        self.sessions += 1

    def on_state(self, state: FeedState, reason: str | None = None) -> None:
        self.states.append((state, reason))

    def on_trade(self, trade: Trade) -> None:
        self.told.append(trade)

    def on_quote(self, quote: Quote) -> None:
        self.told.append(quote)

    def on_correction(self, correction: Correction) -> None:
        self.told.append(correction)

    def on_cancel(self, cancel: Cancel) -> None:
        self.told.append(cancel)

    def on_snapshot(self, snapshot: Snapshot) -> None:
        self.told.append(snapshot)

    def on_subscribed(self, symbols: frozenset[str]) -> None:
        self.subscribed.append(symbols)

    def on_refused(self, refused: dict[str, str]) -> None:
        self.refused = refused

    def is_owner(self) -> bool:
        """It is."""
        return True

    def on_rejected(self, kind: str) -> None:
        self.rejected[kind] += 1

    @property
    def prices(self) -> list[float]:
        """Of the trades."""
        return [each.price for each in self.told if isinstance(each, Trade)]

    @property
    def snapshots(self) -> list[float | None]:
        """The prices of the first values."""
        found = [each for each in self.told if isinstance(each, Snapshot)]
        return [each.trade.price if each.trade else None for each in found]

    @property
    def has_ended(self) -> bool:
        """Whether the tape is over."""
        return (FeedState.CLOSED, "tape_ended") in self.states


@asynccontextmanager
async def running(feed: ReplayFeed) -> AsyncIterator[Ear]:
    """What a feed says while it runs."""
    ear = Ear()
    task = asyncio.create_task(feed.run(ear))
    try:
        yield ear
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def feeds(folder: Path, *lines: str, speed: float = FAST) -> list[ReplayFeed]:
    """The feeds of a tape."""
    return replay_feeds(scan(written(folder, *lines)), speed)


def one(folder: Path, *lines: str, speed: float = FAST, want: Sequence[str] = ()) -> ReplayFeed:
    """The only feed of a tape."""
    (feed,) = feeds(folder, *lines, speed=speed)
    feed.want(want)
    return feed


def by_hand(folder: Path, *lines: str) -> tuple[ReplayFeed, HandClock]:
    """A feed whose tape moves when the test says so."""
    recording, hand = scan(written(folder, *lines)), HandClock()
    return ReplayFeed(recording.markets[0], recording, Timeline(recording, 1, hand.clock.now)), hand


def test_a_replay_feed_is_a_feed(tmp_path: Path) -> None:
    """One for each market of the tape, simulated, and never of another name."""
    tape = trade("BTC/USD", 0, 1), trade("AAPL", 0, 1), trade("MSFT", 0, 1)
    found: list[Feed] = list(feeds(tmp_path, *tape))
    assert [feed.market for feed in found] == [Market.CRYPTO, Market.US_EQUITY]
    assert {(feed.name, feed.simulated) for feed in found} == {("replay", True)}
    members = Feed.__annotations__.keys() | {name for name in vars(Feed) if not name.startswith("_")}
    assert not [name for name in members for feed in found if not hasattr(feed, name)]


async def test_a_tape_is_told_from_its_first_line_to_its_last(tmp_path: Path) -> None:
    """In order, with its own times; then it is closed, and the feed is still heard of."""
    lines = [trade("AAPL", n, n + 1) for n in range(5)] + [quote("AAPL", 9, 4, 6)]
    feed = one(tmp_path, *lines, want=["AAPL"])
    async with running(feed) as ear:
        await eventually(lambda: ear.has_ended, "the tape ends")
        assert ear.prices == [1, 2, 3, 4, 5]
        assert isinstance(ear.told[-1], Quote)
        times = [each.ts_event_ns for each in ear.told if isinstance(each, Trade | Quote)]
        assert times == sorted(times)
        assert times[0] == scan(tmp_path / "tape.jsonl").first_ns
        assert (ear.sessions, ear.snapshots) == (1, [])
        assert ear.states == [(FeedState.LIVE, None), (FeedState.CLOSED, "tape_ended")]
        assert ear.subscribed == [frozenset({"AAPL"})]
        ended = feed.last_heard
        await eventually(lambda: feed.last_heard > ended, "a sign of life after the end")


async def test_nothing_is_told_before_a_symbol_of_the_tape_is_wanted(tmp_path: Path) -> None:
    """The state is idle, then live; a symbol that is not on the tape does not start it."""
    feed = one(tmp_path, trade("AAPL", 0, 1), trade("AAPL", 1, 2))
    async with running(feed) as ear:
        await eventually(lambda: ear.states == [(FeedState.IDLE, None)], "idle")
        feed.want(["MSFT"])
        await eventually(lambda: ear.refused == {"MSFT": "not_on_tape"}, "a refusal")
        assert ear.told == []
        feed.want(["MSFT", "AAPL"])
        await eventually(lambda: ear.prices == [1, 2], "the tape from its beginning")
        assert ear.refused == {"MSFT": "not_on_tape"}
        feed.want(["AAPL"])
        await eventually(lambda: ear.refused == {}, "no refusal")


async def test_who_comes_later_is_given_the_newest_up_to_then(tmp_path: Path) -> None:
    """As a first value; only what comes after it is told as it comes."""
    feed = one(
        tmp_path,
        trade("MSFT", 0, 1), trade("MSFT", 0, 2), quote("MSFT", 0, 1, 3), trade("AAPL", 0, 9),
        trade("MSFT", 60, 3),
        speed=SLOW, want=["AAPL"],
    )  # fmt: skip
    async with running(feed) as ear:
        await eventually(lambda: ear.prices == [9], "the tape has begun")
        feed.want(["AAPL", "MSFT"])
        await eventually(lambda: ear.snapshots == [2], "a first value")
        snapshot = ear.told[-1]
        assert isinstance(snapshot, Snapshot)
        assert snapshot.quote is not None
        assert (snapshot.symbol, snapshot.quote.bid) == ("MSFT", 1)
        assert ear.prices == [9]
        assert ear.subscribed == [frozenset({"AAPL"}), frozenset({"AAPL", "MSFT"})]


async def test_who_leaves_and_is_back_at_once_is_given_a_first_value(tmp_path: Path) -> None:
    """Ingest has forgotten its image in between."""
    feed = one(tmp_path, trade("AAPL", 0, 1), trade("AAPL", 60, 2), speed=SLOW, want=["AAPL"])
    async with running(feed) as ear:
        await eventually(lambda: ear.prices == [1], "the tape has begun")
        feed.want([])
        feed.want(["AAPL"])
        await eventually(lambda: ear.snapshots == [1], "a first value")


async def test_the_tape_runs_while_nobody_listens(tmp_path: Path) -> None:
    """It is idle until it ends; who comes then has the last price."""
    feed, hand = by_hand(tmp_path, trade("AAPL", 0, 1), trade("AAPL", 60, 2))
    feed.want(["AAPL"])
    async with running(feed) as ear:
        await eventually(lambda: ear.prices == [1], "the tape has begun")
        feed.want([])
        await eventually(lambda: ear.states[-1] == (FeedState.IDLE, None), "idle")
        hand.advance(60)
        await eventually(lambda: ear.has_ended, "the tape ends unheard")
        assert ear.prices == [1]
        feed.want(["AAPL"])
        await eventually(lambda: ear.snapshots == [2], "the last price")
        assert ear.states[-1] == (FeedState.CLOSED, "tape_ended")


async def test_a_lease_regained_goes_on_where_the_tape_is(tmp_path: Path) -> None:
    """What was played meanwhile is not told again, nor anything before it: prices never go back."""
    feed, hand = by_hand(tmp_path, *(trade("AAPL", n, n) for n in range(1, 9)))
    feed.want(["AAPL"])
    async with running(feed) as before:
        await eventually(lambda: before.prices == [1], "the tape has begun")
    hand.advance(5)
    async with running(feed) as after:
        await eventually(lambda: after.snapshots == [6], "the newest up to now")
        assert (after.sessions, after.prices) == (1, [])
        assert after.states == [(FeedState.LIVE, None)]
        hand.advance(2)
        await eventually(lambda: after.prices == [7, 8], "the rest of it")


async def test_all_markets_share_one_timeline(tmp_path: Path) -> None:
    """The stocks have gone on when somebody first asks for them; what is of nobody is told once."""
    crypto, stocks = feeds(
        tmp_path, trade("BTC/USD", 0, 1), "garbage", trade("AAPL", 1, 10), trade("AAPL", 2, 11)
    )
    crypto.want(["BTC/USD"])
    async with running(crypto) as one, running(stocks) as other:
        await eventually(lambda: one.has_ended and other.has_ended, "both end")
        stocks.want(["AAPL"])
        await eventually(lambda: other.snapshots == [11], "the last price")
        assert (one.prices, other.prices) == ([1], [])
        assert (one.rejected.total(), other.rejected.total()) == (1, 0)


async def test_lines_that_make_no_sense_are_counted_by_kind(tmp_path: Path) -> None:
    """The others around them are told; what we know and do not carry is not counted."""
    odd = ["garbage", "[1]", '{"T":"t","S":"AAPL","p":0,"s":1,"t":"2021-01-08T15:00:00Z"}',
           '{"T":"t","S":"AAPL","p":1,"s":1}', '{"T":"zz"}', '{"T":"b","S":"AAPL"}']  # fmt: skip
    feed = one(tmp_path, trade("AAPL", 0, 1), *odd, trade("AAPL", 1, 2), want=["AAPL"])
    async with running(feed) as ear:
        await eventually(lambda: ear.has_ended, "the tape ends")
        assert ear.prices == [1, 2]
        assert ear.rejected == {"shape": 2, "price": 1, "time": 1, "type": 1}


async def test_corrections_and_cancels_are_told(tmp_path: Path) -> None:
    """And what comes later knows of them."""
    correction = '{"T":"c","S":"AAPL","x":"V","oi":5,"ci":6,"cp":8.5,"cs":1,"t":"2021-01-08T15:00:00Z"}'
    cancel = '{"T":"x","S":"AAPL","i":6,"x":"V","t":"2021-01-08T15:00:00Z"}'
    feed = one(tmp_path, trade("AAPL", 0, 1, i=5, x="V"), correction, cancel, want=["AAPL"])
    async with running(feed) as ear:
        await eventually(lambda: ear.has_ended, "the tape ends")
        assert [type(each) for each in ear.told] == [Trade, Correction, Cancel]


async def test_a_tape_that_cannot_be_read_any_more_is_fatal(tmp_path: Path) -> None:
    """Trying again would not bring the file back."""
    feed = one(tmp_path, trade("AAPL", 0, 1), want=["AAPL"])
    (tmp_path / "tape.jsonl").unlink()
    with pytest.raises(FeedFatal, match="cannot be read") as fatal:
        await feed.run(Ear())
    assert fatal.value.reason == "tape_unreadable"


async def test_a_thousand_times_faster_never_holds_the_loop_up(tmp_path: Path) -> None:
    """A burst of twenty thousand lines is told in slices, and other tasks come between."""
    feed = one(tmp_path, *(trade("AAPL", 0, 1) for _ in range(20_000)), want=["AAPL"])
    turns = 0

    async with running(feed) as ear:
        while not ear.has_ended:
            await asyncio.sleep(0)
            turns += 1
        assert len(ear.prices) == 20_000
    assert turns >= 10


async def test_it_keeps_the_pace(tmp_path: Path) -> None:
    """Fifty times faster, nothing comes before its time."""
    lines = [trade("AAPL", n, n + 1) for n in range(11)]
    feed = one(tmp_path, *lines, speed=50, want=["AAPL"])
    begun = time.monotonic()
    async with running(feed) as ear:
        await eventually(lambda: len(ear.prices) == 11, "ten seconds of tape")
    assert time.monotonic() - begun >= 10 / 50


@pytest.mark.parametrize("speed", [50, 1000])
async def test_the_recorded_tape_ends_on_its_last_price(speed: float) -> None:
    """Every print and quote, in order, none before its time."""
    (feed,) = replay_feeds(scan(real_tape()), speed)
    feed.want(["BTC/USD"])
    async with running(feed) as ear:
        await eventually(lambda: ear.has_ended, "the tape ends")
        assert len(ear.prices) == REAL_TRADES
        assert len(ear.told) == REAL_TRADES + REAL_QUOTES
        assert ear.prices[-1] == REAL_LAST
        assert not ear.rejected
