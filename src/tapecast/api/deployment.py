"""What `/metrics` says of the whole deployment: the markets, their owners, and what each ingest counts.

Ingest takes no requests, so its numbers come out of its status in Redis, and every api tells them alike. They
are not to be added over apis: `max by` picks any. What differs between apis, such as how long Redis takes,
is put together by ALIKE for the workers of one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from tapecast.api.exposition import gauge, labelled_gauge
from tapecast.api.hub import Hub
from tapecast.bars import BarCounts
from tapecast.bus.codec import AccountStatus, IngestStatus
from tapecast.market import FeedState

ALIKE: Final[Mapping[str, Callable[[Iterable[float]], float]]] = {
    "tapecast_build_info": max,
    "tapecast_redis_up": min,
    "tapecast_redis_lag_seconds": max,
    "tapecast_redis_refuses": max,
    "tapecast_replicas": max,
    "tapecast_clock_offset_seconds": max,
    "tapecast_feed_state": max,
    "tapecast_lease_held": max,
    "tapecast_account_state": max,
    "tapecast_account_age_seconds": min,
    "tapecast_newest_tick_age_seconds": min,
    "tapecast_symbols_active": max,
    "tapecast_symbols_refused": max,
    "tapecast_ingest_messages": max,
    "tapecast_ingest_rejected": max,
    "tapecast_ingest_reconnects": max,
    "tapecast_ingest_resubscribed": max,
    "tapecast_ingest_flush_seconds": max,
    "tapecast_ingest_bars_symbols": max,
    "tapecast_ingest_bars_told": max,
    "tapecast_ingest_bars_corrected": max,
    "tapecast_ingest_bars_asked": max,
    "tapecast_ingest_bars_failed": max,
    "tapecast_ingest_account_limited": max,
    "tapecast_ingest_account_reconnects": max,
}
"""How to put together what several workers say of the same thing. Whatever is not here is added."""


class Deployment(Collector):
    """What this process knows of the others."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self) -> Iterator[Metric]:
        """One pass over the status board."""
        board, markets = self._hub.board, self._hub.markets
        yield gauge("redis_up", "Whether this api hears Redis.", markets.link is True)
        refusal = {markets.refusal: 1} if markets.refusal else {}
        yield labelled_gauge("redis_refuses", "Why Redis does not take our writes.", "reason", refusal)
        if board.lag_s is not None and markets.link is True:
            yield gauge("redis_lag_seconds", "From a write to hearing of it, last time.", board.lag_s)
        yield from self._report()
        yield from self._markets()
        yield from self._account()
        yield from _ingests(board.ingests())

    def _report(self) -> Iterator[Metric]:
        board, report = self._hub.board, self._hub.board.report()
        yield gauge("replicas", "Processes that serve streams.", report.replicas)
        meaning = "By how much a process's clock is ahead of Redis's; 0 below two seconds."
        yield labelled_gauge("clock_offset_seconds", meaning, "process", board.clocks())
        yield gauge("symbols_active", "Symbols that the venues have confirmed.", len(report.active_symbols))
        refused = Counter(board.refused_told.values())
        yield labelled_gauge("symbols_refused", "Symbols that cannot be had now.", "reason", refused)
        if report.newest_tick_age_s is not None:
            meaning = "Since the newest tick of all came from a venue."
            yield gauge("newest_tick_age_seconds", meaning, report.newest_tick_age_s)

    def _markets(self) -> Iterator[Metric]:
        states = GaugeMetricFamily(
            "tapecast_feed_state", "1 for the state that the feed is in.", labels=["market", "state"]
        )
        for status in self._hub.markets.statuses():
            for state in FeedState:
                states.add_metric([status.market, state], state is status.state)
        yield states
        leases = GaugeMetricFamily(
            "tapecast_lease_held", "1 for the process that owns the market.", labels=["market", "process"]
        )
        for market, lease in sorted(self._hub.board.leases().items()):
            leases.add_metric([market, lease.holder], 1)
        yield leases

    def _account(self) -> Iterator[Metric]:
        upkeep = self._hub.book.upkeep
        status, age_s = upkeep.known(), upkeep.age_s()
        if status is None:
            return
        states = {state.value: float(state is status.state) for state in FeedState}
        yield labelled_gauge("account_state", "1 for the state that the account is in.", "state", states)
        if age_s is not None:
            yield gauge("account_age_seconds", "Since the account was read.", age_s)


def _ingests(statuses: list[IngestStatus]) -> Iterator[Metric]:
    yield _by("messages", "Messages of the venue.", "type", {s.id: s.received for s in statuses})
    yield _by("rejected", "Messages that made no sense.", "reason", {s.id: s.rejected for s in statuses})
    lost = {s.id: s.reconnects for s in statuses}
    yield _each("reconnects", "Times that the venue's socket was lost.", lost)
    yield _each("resubscribed", "Symbols that had gone silent.", {s.id: s.resubscribed for s in statuses})
    flushes = HistogramMetricFamily(
        "tapecast_ingest_flush_seconds", "From a new image to Redis's answer.", labels=["process"]
    )
    for status in statuses:
        flushes.add_metric([status.id], status.flushes.buckets(), status.flushes.total)
    yield flushes
    yield from _bars({status.id: status.bars for status in statuses})
    yield from _accounts({s.id: s.account for s in statuses if s.account is not None})


def _bars(bars: Mapping[str, BarCounts]) -> Iterator[Metric]:
    followed = {process: each.symbols for process, each in bars.items()}
    yield labelled_gauge("ingest_bars_symbols", "Symbols whose bars are made.", "process", followed)
    yield _each("bars_told", "Words on bars.", {process: each.told for process, each in bars.items()})
    corrected = {process: each.corrected for process, each in bars.items()}
    yield _each("bars_corrected", "Words on bars that were over, or that go back.", corrected)
    asked = {process: each.asked for process, each in bars.items()}
    yield _each("bars_asked", "Questions for bars to the venue's REST side.", asked)
    failed = {process: each.failed for process, each in bars.items()}
    yield _each("bars_failed", "Those of them that it did not answer.", failed)


def _accounts(accounts: Mapping[str, AccountStatus]) -> Iterator[Metric]:
    # Anybody may read this: order events, and the reads that follow them, would tell when somebody trades.
    limited = {process: account.limited for process, account in accounts.items()}
    yield _each(
        "account_limited", "REST calls about the account that the venue refused for their number.", limited
    )
    lost = {process: account.reconnects for process, account in accounts.items()}
    yield _each("account_reconnects", "Times that the stream of order events was lost.", lost)


def _each(name: str, meaning: str, counts: Mapping[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"tapecast_ingest_{name}", meaning, labels=["process"])
    for process, count in counts.items():
        family.add_metric([process], count)
    return family


def _by(name: str, meaning: str, label: str, counts: Mapping[str, Mapping[str, int]]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"tapecast_ingest_{name}", meaning, labels=["process", label])
    for process, values in counts.items():
        for value, count in sorted(values.items()):
            family.add_metric([process, value], count)
    return family
