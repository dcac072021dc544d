"""`GET /metrics`: what this replica does, for Prometheus. Collected when asked for.

Names are those of the field where it has one (Centrifugo's, Prometheus' own rules). What each counts is said
in `docs/http.md`.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from tapecast import __version__
from tapecast.api.audience import EVICTIONS, Audience


class Metrics:
    """The endpoint."""

    def __init__(self, audience: Audience) -> None:
        # A registry of our own: the library's default one is of the process, and tests run many replicas.
        self._registry = CollectorRegistry()
        self._registry.register(_Streams(audience))

    async def metrics(self, request: Request) -> Response:
        """All of them, as text."""
        del request
        body = generate_latest(self._registry)
        return Response(body, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})


class _Streams(Collector):
    """The fan-out."""

    def __init__(self, audience: Audience) -> None:
        self._audience = audience

    def collect(self) -> Iterator[Metric]:
        """One pass over the audience's numbers."""
        audience, sent = self._audience, self._audience.sent
        build = GaugeMetricFamily("tapecast_build_info", "This version, always 1.", labels=["version"])
        build.add_metric([__version__], 1)
        yield build
        yield GaugeMetricFamily("tapecast_streams", "Open streams.", len(audience))
        yield GaugeMetricFamily(
            "tapecast_views", "Different views; the clients of one share its frames.", audience.views
        )
        yield GaugeMetricFamily(
            "tapecast_streams_blocked", "Streams whose socket is full now.", audience.blocked
        )
        evicted = CounterMetricFamily("tapecast_streams_evicted", "Streams cut off.", labels=["reason"])
        for reason in EVICTIONS:
            evicted.add_metric([reason], audience.evicted[reason])
        yield evicted
        yield _counter(
            "streams_refused", "Requests for a stream while all were taken.", audience.limits.refused.total()
        )
        yield _counter("ticks_offered", "New images times those who listen to the symbol.", audience.offered)
        yield _counter("ticks_sent", "Ticks and re-priced positions written to clients.", sent.ticks)
        yield _counter("events_sent", "Other events written to clients.", sent.events)
        yield _counter("writes", "Writes to clients' sockets.", sent.writes)
        yield _counter("sent_bytes", "Bytes written to clients, as on the wire.", sent.bytes)


def _counter(name: str, meaning: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(f"tapecast_{name}", meaning, value)
