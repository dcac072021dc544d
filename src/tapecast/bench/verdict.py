"""What the figures mean, in words: first what was lost, then how fast the rest was, then what to doubt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tapecast.bench.result import Result

GOOD_MS: Final = 250.0
"""What a person takes for at once."""
FAIR_MS: Final = 1000.0
AHEAD_MS: Final = -5.0
"""So far in the future no rounding and no uncertainty puts a price."""

_MEND: Final = {
    "draining": "the server was being replaced",
    "max_age": "streams end in order after MAX_STREAM_AGE_S",
    "ticket_expired": "the ticket expired: mint one for longer",
    "timeout": "the server, or this machine, was too busy to answer within 10 s",
    "connection_refused": "the server went away, or its queue of connections was full",
    "reset": "something cut connections: a proxy's limit, or a server that was stopped",
    "closed": "something ended streams without a word: a proxy's time-out, or a server that was stopped",
}


@dataclass(frozen=True)
class Verdict:
    """`is_well` says whether nothing was lost or refused: the exit code."""

    is_well: bool
    lines: tuple[str, ...]


def judge(result: Result) -> Verdict:
    """The verdict on a run."""
    faults = tuple(_faults(result))
    lines = (*faults, *_speed(result), *_doubts(result))
    return Verdict(not faults, lines)


def _faults(result: Result) -> Iterator[str]:
    streams = result.streams
    if streams.refused:
        refused = f"{_total(streams.refused)} of {streams.wanted:,} streams were refused"
        yield f"{refused}: {_codes(streams.refused)}"
        yield from (streams.reasons[code] for code in streams.refused if code in streams.reasons)
    if streams.lost:
        back = f"{streams.reconnected:,} came back"
        yield f"{_total(streams.lost)} streams were lost, {back}: {_codes(streams.lost)}"
    if streams.gaps:
        longest = f"for {streams.longest_gap_s:.1f} s at the most"
        yield f"{_times(streams.gaps)} a stream missed what others heard, {longest}"
    if streams.disorder:
        yield f"{streams.disorder:,} prices were older than one that was there before: a bug; report it"
    if streams.unreadable:
        yield f"{streams.unreadable:,} events could not be read: is something on the way changing them?"
    if streams.opened and streams.without_price == streams.opened:
        yield "no price came at all: look at the symbols' states, and at docs/events.md for their reasons"
    elif streams.without_price:
        yield f"{streams.without_price:,} streams had no price while others had"


def _speed(result: Result) -> Iterator[str]:
    spread = result.latency
    if spread is None:
        if result.streams.without_price < result.streams.opened:
            yield "no price was new while it was measured, so there is no latency: is the market closed?"
        return
    allowed = result.interval_ms
    words = (
        "fast"
        if spread.p99_ms <= GOOD_MS + allowed
        else "slow"
        if spread.p99_ms > FAIR_MS + allowed
        else "fair"
    )
    within = f" (of which up to {allowed} ms are the interval)" if allowed else ""
    yield f"{words}: 99 of 100 prices came within {spread.p99_ms:,.1f} ms of their receipt by ingest{within}"


def _doubts(result: Result) -> Iterator[str]:
    load, spread, least = result.load, result.latency, result.latency_min_ms
    if load.is_full:
        yield (
            f"this process was the bottleneck, at {load.core:.0%} of a core: these are not the server's "
            "figures; take fewer streams or symbols, or several machines"
        )
    elif load.is_late:
        yield (
            f"this machine had no time for this process, which was up to {load.late_max_ms:,.0f} ms late "
            f"at {load.core:.0%} of a core: as much of the latencies is not the server's"
        )
    if not result.clock.known:
        yield "the server's clock was not heard: latencies hold only if both clocks agree"
    elif spread is not None and result.clock.uncertainty_ms > max(5.0, spread.p50_ms):
        unsure = f"{result.clock.uncertainty_ms:,.1f} ms"
        yield f"latencies are known to within {unsure}: the way there and back is as long"
    if least is not None and least < AHEAD_MS - result.clock.uncertainty_ms:
        yield f"ingest's clock is ahead of the api's by {-least:,.0f} ms or more: latencies are too small"
    if result.cut_short:
        yield f"ended early, after {result.measured_s:.1f} s"


def _total(counts: Mapping[str, int]) -> str:
    return f"{sum(counts.values()):,}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _codes(counts: Mapping[str, int]) -> str:
    return "; ".join(
        f"{count:,} {code}" + (f" ({_MEND[code]})" if code in _MEND else "") for code, count in counts.items()
    )
