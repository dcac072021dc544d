"""The lines above the tables: the one word, how fast, from where, and what is wrong."""

from __future__ import annotations

from rich.text import Text

from tapecast.client import ConnectionState, Feed, FeedState, Stream, SymbolState
from tapecast.client.failures import shown
from tapecast.refusals import clean
from tapecast.watch.badge import feeds_of, is_simulated, word_of
from tapecast.watch.meter import Meter
from tapecast.watch.styles import SIMULATED, WORDS

_GOOD = frozenset({FeedState.LIVE, FeedState.CLOSED, FeedState.IDLE})
_WORTH_A_WORD = frozenset({SymbolState.STALE, SymbolState.REFUSED})
LONG_S = 20.0


def lines(stream: Stream, meter: Meter, url: str, width: int) -> list[Text]:
    """Two or three, each cut to the width."""
    found = [_badges(stream, meter), _sources(stream, url)]
    if trouble := _trouble(stream):
        found.append(trouble)
    for line in found:
        line.truncate(width, overflow="ellipsis")
    return found


def _badges(stream: Stream, meter: Meter) -> Text:
    word = word_of(stream)
    parts = [Text(f" {word} ", WORDS[word])]
    if is_simulated(stream):
        parts.append(Text(" SIMULATED ", SIMULATED))
    if stream.connection.state is ConnectionState.OPEN and (delay := meter.delay_s) is not None:
        told = f"{delay * 1000:.0f}" if delay >= 0.001 else "<1"
        parts.append(Text(f"lag {told} ms · {meter.per_second:.0f} prices/s", "dim"))
    return Text(" ").join(parts)


def _sources(stream: Stream, url: str) -> Text:
    feeds = [Text(f"{clean(feed.market)} {feed.state}", _style(feed)) for feed in feeds_of(stream)]
    return Text(" · ", "dim").join([*feeds, Text(shown(url), "dim")])


def _style(feed: Feed) -> str:
    return "dim" if feed.state in _GOOD else "yellow"


def _trouble(stream: Stream) -> Text | None:
    connection = stream.connection
    if connection.state is ConnectionState.RECONNECTING:
        is_long = (connection.retry_in_s or 0.0) > LONG_S
        return Text(("again in a minute: " if is_long else "") + connection.message, "bold yellow")
    found = {feed.market: feed.reason for feed in feeds_of(stream) if feed.state not in _GOOD}
    told = set(found.values())
    # Of symbols only what their feed does not say already.
    found |= {
        status.symbol: status.reason
        for status in stream.states.values()
        if status.state in _WORTH_A_WORD and status.reason not in told
    }
    words = "; ".join(f"{clean(name)}: {clean(reason)}" for name, reason in found.items() if reason)
    return Text(words, "bold yellow") if words else None
