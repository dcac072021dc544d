"""What `/metrics` says of this api: its streams, and what went out on them. All of it adds up over apis.

Names are those of the field where it has one (Centrifugo's, and Prometheus' own rules). What each counts is
said in `docs/http.md`. Everything is read when it is asked for; nothing here runs beside the fan-out.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from tapecast import __version__
from tapecast.api.audience import EVICTIONS
from tapecast.api.door import KNOWN, Door
from tapecast.api.endings import ENDINGS
from tapecast.api.hub import Hub
from tapecast.api.limits import REASONS
from tapecast.api.view import View
from tapecast.api.waiting import CUTS
from tapecast.market import SymbolState

KINDS: Final = ("prices", "positions", "status", "multiplexed")
_STATM: Final = Path("/proc/self/statm")


class Fanout(Collector):
    """The streams of this process."""

    def __init__(self, hub: Hub, door: Door) -> None:
        self._hub = hub
        self._door = door
        # A counter never falls, while what waits to be sent comes and goes.
        self._conflated = 0

    def collect(self) -> Iterator[Metric]:
        """One pass over the numbers."""
        yield labelled_gauge("build_info", "This version, always 1.", "version", {__version__: 1})
        yield from self._streams()
        yield from self._sent()
        yield from _process()

    def _streams(self) -> Iterator[Metric]:
        hub, audience = self._hub, self._hub.audience
        streams: Counter[str] = Counter()
        for view in hub.dispatcher.views:
            streams[self._kind(view)] += len(view)
        yield labelled_gauge("streams", "Open streams.", "kind", {kind: streams[kind] for kind in KINDS})
        yield gauge("views", "Different views; the clients of one share its frames.", audience.views)
        yield gauge("streams_blocked", "Streams whose socket is full now.", audience.blocked)
        yield counter("streams_opened", "Streams that have begun.", audience.opened)
        ended = {reason: audience.ended[reason] for reason in ENDINGS}
        yield labelled_counter("streams_ended", "Streams that ended in order.", "reason", ended)
        evicted = {reason: audience.evicted[reason] for reason in EVICTIONS}
        yield labelled_counter("streams_evicted", "Streams cut off.", "reason", evicted)
        refused = {reason: audience.limits.refused[reason] for reason in REASONS}
        yield labelled_counter("streams_refused", "Requests turned away by a limit.", "reason", refused)
        cut = {why: self._door.waiting.cut[why] for why in CUTS}
        yield labelled_counter("connections_cut", "Cut off before an answer.", "reason", cut)
        codes = dict.fromkeys(KNOWN, 0) | self._door.refused
        yield labelled_counter("requests_refused", "Requests answered by an error.", "code", codes)
        # Strangers may read this: what only a position wants is not counted, and neither are order events.
        asked, _ = hub.topics.interest(hub.book)
        topics = [topic for topic in hub.topics if topic.symbol in asked]
        shown = Counter(topic.shown.state for topic in topics if topic.shown is not None)
        states = {state.value: shown[state] for state in SymbolState}
        yield labelled_gauge("symbols", "Symbols that somebody wants here.", "state", states)

    def _sent(self) -> Iterator[Metric]:
        audience, sent = self._hub.audience, self._hub.audience.sent
        self._conflated = max(self._conflated, audience.offered - sent.news)
        yield counter("ticks_offered", "New images times the streams that show the symbol.", audience.offered)
        yield counter("ticks_conflated", "Those of them that a newer one replaced.", self._conflated)
        yield counter("ticks_sent", "Ticks, re-priced positions and totals written.", sent.ticks)
        yield counter("events_sent", "Other events written to clients, but for orders.", sent.events)
        yield counter("writes", "Writes to clients' sockets.", sent.writes)
        yield counter("sent_bytes", "Bytes written to clients, as on the wire.", sent.bytes)
        ages = sent.ages.histogram
        meaning = "From ingest's receipt of a tick to its write, of a sample."
        yield HistogramMetricFamily("tapecast_tick_age_seconds", meaning, ages.buckets(), ages.total)

    def _kind(self, view: View) -> str:
        hub = self._hub
        shows = {"prices": bool(view.symbols), "positions": view in hub.book, "status": view in hub.board}
        kinds = [kind for kind, is_shown in shows.items() if is_shown]
        # One whose symbols were all refused shows nothing, and waits for prices.
        return "multiplexed" if len(kinds) > 1 else (kinds or ["prices"])[0]


def _process() -> Iterator[Metric]:
    # The standard names. The library's own collector would list every open file for its number.
    yield CounterMetricFamily("process_cpu_seconds", "CPU time, of user and system.", time.process_time())
    if _STATM.exists():
        pages = int(_STATM.read_text().split()[1])
        size = pages * os.sysconf("SC_PAGE_SIZE")
        yield GaugeMetricFamily("process_resident_memory_bytes", "Memory that is resident.", size)


def gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    """One number that goes up and down."""
    return GaugeMetricFamily(f"tapecast_{name}", meaning, value)


def counter(name: str, meaning: str, value: float) -> CounterMetricFamily:
    """One number that only grows."""
    return CounterMetricFamily(f"tapecast_{name}", meaning, value)


def labelled_gauge(name: str, meaning: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    """One for each value of a label."""
    family = GaugeMetricFamily(f"tapecast_{name}", meaning, labels=[label])
    for each, value in values.items():
        family.add_metric([each], value)
    return family


def labelled_counter(name: str, meaning: str, label: str, values: Mapping[str, float]) -> CounterMetricFamily:
    """One for each value of a label."""
    family = CounterMetricFamily(f"tapecast_{name}", meaning, labels=[label])
    for each, value in values.items():
        family.add_metric([each], value)
    return family
