"""The figures as a person reads them, in a terminal of eighty columns, and as a program does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Final

import msgspec

from tapecast.bench.result import Bucket, Result
from tapecast.bench.sample import Spread
from tapecast.bench.verdict import Verdict

COLUMNS: Final = 80
WIDE: Final = 40
SYMBOLS: Final = 12
_LABEL: Final = 12


def as_text(result: Result, verdict: Verdict) -> str:
    """For a person."""
    return "\n".join(_lines(result, verdict))


def to_json(result: Result, verdict: Verdict) -> str:
    """For a program, and still to be read."""
    shown = msgspec.to_builtins(result) | {"ok": verdict.is_well, "verdict": verdict.lines}
    return msgspec.json.format(msgspec.json.encode(shown), indent=2).decode()


def _lines(result: Result, verdict: Verdict) -> Iterator[str]:
    got, load = result.received, result.load
    yield ""
    yield from _told("streams", _streams(result))
    yield from _told("symbols", _symbols(result.symbols))
    yield from _told(
        "received",
        f"{got.prices:,} prices in {result.measured_s:.1f} s: {got.prices_per_s:,.0f}/s, "
        f"{_bytes(got.bytes_per_s)}/s; {got.other_events:,} other events",
    )
    yield from _told("clock", _clock(result))
    yield from _told(
        "this process", f"{load.core:.0%} of a core; 99 of 100 wakes within {load.late_p99_ms:.1f} ms"
    )
    yield ""
    yield _line("", f"{'p50':>10} {'p90':>10} {'p99':>10} {'max':>10}")
    yield _line("connect", _spread(result.connect))
    yield _line("first price", _spread(result.first_price))
    yield _line("latency", _spread(result.latency))
    yield ""
    if result.latency is not None and result.histogram:
        yield from _picture(result.histogram, result.latency, result.latency_of_one_in)
        yield ""
    for number, words in enumerate(verdict.lines):
        yield from _told("" if number else "verdict", words)


def _told(label: str, text: str) -> Iterator[str]:
    """Words, on as many lines as they need."""
    for number, part in enumerate(wrap(text, COLUMNS - _LABEL - 1)):
        yield _line("" if number else label, part)


def _line(label: str, text: str) -> str:
    return f"{label:<{_LABEL}} {text}".rstrip()


def _streams(result: Result) -> str:
    streams = result.streams
    parts = [f"{streams.opened:,} of {streams.wanted:,} opened, {streams.open_at_end:,} open at the end"]
    parts += [f"{sum(streams.refused.values()):,} refused"] if streams.refused else []
    if streams.lost:
        parts.append(f"{sum(streams.lost.values()):,} lost, {streams.reconnected:,} back")
    return ", ".join(parts)


def _symbols(symbols: Mapping[str, Mapping[str, int]]) -> str:
    if len(symbols) > SYMBOLS:
        total: Counter[str] = Counter(next(iter(states), "unknown") for states in symbols.values())
        return ", ".join(f"{count:,} {state}" for state, count in total.most_common())
    return ", ".join(f"{symbol} {_states(states)}" for symbol, states in symbols.items())


def _states(states: Mapping[str, int]) -> str:
    if len(states) <= 1:
        return next(iter(states), "unknown")
    return " / ".join(f"{state} on {count:,}" for state, count in states.items())


def _clock(result: Result) -> str:
    clock = result.clock
    if not clock.known:
        return "the server's was not heard; latencies are not corrected"
    if not clock.offset_ms:
        return f"the server's and this one agree as far as can be seen (to {clock.uncertainty_ms:,.1f} ms)"
    way = "ahead" if clock.offset_ms > 0 else "behind"
    return (
        f"the server's is {abs(clock.offset_ms):,.1f} ms {way}, "
        f"give or take {clock.uncertainty_ms:,.1f} ms; latencies are corrected"
    )


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return "nothing measured"
    values = (spread.p50_ms, spread.p90_ms, spread.p99_ms, spread.max_ms)
    return " ".join(f"{_ms(value):>10}" for value in values)


def _ms(value: float) -> str:
    if value >= 10_000:
        return f"{value / 1000:,.1f} s"
    return f"{value:,.1f} ms" if value >= 1 else f"{value:.2f} ms"


def _picture(buckets: list[Bucket], spread: Spread, one_in: int) -> Iterator[str]:
    of = "all prices" if one_in == 1 else f"one price in {one_in}"
    yield f"latency, from ingest's receipt to here, of {of} ({spread.count:,}):"
    total = sum(bucket.count for bucket in buckets)
    most = max(bucket.count for bucket in buckets)
    for bucket in buckets:
        # Whatever is not nothing must be seen.
        bar = "#" * (round(WIDE * bucket.count / most) or (1 if bucket.count else 0))
        upto = f"<= {bucket.up_to_ms:g} ms" if bucket.up_to_ms is not None else "more"
        yield f"  {upto:>12} {bucket.count / total:7.2%}  {bar}".rstrip()


def _bytes(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:,.1f} {unit}" if unit != "B" else f"{count:,.0f} B"
        count /= 1000
    return f"{count:,.1f} GB"
