"""`/metrics`, as Prometheus reads it."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tapecast import __version__
from tapecast.api.deployment import Deployment
from tapecast.api.exposition import Fanout
from tapecast.api.siblings import Siblings
from tapecast.bus.codec import LeaseStatus
from tapecast.bus.connection import Bus
from tests.api.support import Bench, beating, joined, publish, replica, stream, tick
from tests.api.test_deployment import ingest
from tests.support import eventually

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`((?:tapecast|process)_\w+)(?:\{([^}]*)\})?`")
USED = re.compile(r"\b(tapecast_[a-z_]+?)(?:_bucket|_sum|_count)?\b(?!-)")


async def values(client: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    """Every sample by its name and its labels' values."""
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.text)
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


async def test_what_is_sent_is_counted(bus: Bus) -> None:
    """Two clients of one view, a third of another, and one that is turned away."""
    path = "/stream/prices?symbols=AAPL"
    async with beating(bus), replica(bus, MAX_STREAMS="3") as client:
        async with (
            stream(client, path) as one,
            stream(client, path) as two,
            stream(client, path + ",MSFT") as three,
        ):
            await joined(bus, "AAPL")
            await publish(bus, "AAPL", tick("AAPL", 1))
            for reader in (one, two, three):
                await reader.until("message")
            assert (await client.get(path)).status_code == 429
            found = await values(client)
            assert found["tapecast_build_info", __version__] == 1
            assert found["tapecast_streams", "prices"] == 3
            assert found["tapecast_views",] == 2
            assert found["tapecast_streams_blocked",] == 0
            assert found["tapecast_streams_refused_total", "process"] == 1
            assert found["tapecast_ticks_offered_total",] == 3
            assert found["tapecast_ticks_sent_total",] == 3
            assert found["tapecast_events_sent_total",] >= 6
            assert found["tapecast_writes_total",] >= 3
            assert found["tapecast_sent_bytes_total",] > 300
            reasons = {key[1] for key in found if key[0] == "tapecast_streams_evicted_total"}
            assert reasons == {"stalled", "talks", "drained", "overdue"}

        async def is_empty() -> bool:
            return (await values(client))["tapecast_streams", "prices"] == 0

        await eventually(is_empty)


async def test_each_replica_counts_for_itself(bus: Bus) -> None:
    """Two in one process share no numbers."""
    async with replica(bus) as one, replica(bus) as other, stream(one, "/stream/prices?symbols=A") as reader:
        await reader.next()
        assert (await values(one))["tapecast_streams", "prices"] == 1
        assert (await values(other))["tapecast_streams", "prices"] == 0


def test_the_docs_name_every_metric_with_its_labels() -> None:
    """And none that is gone; so do the alerts and the dashboard in `deploy/`, which name fewer."""
    bench = Bench()
    bench.beat()
    bench.hub.sweep()
    bench.hub.on_refused("cache_full")
    bench.hub.on_replica(bench.hub.board.own_status())
    counts = {"received": {"trade": 1}, "rejected": {"price": 1}, "refused": {"X": "no_feed"}}
    leases = {"us_equity": LeaseStatus("a", 1)}
    bench.hub.on_ingest(ingest("a", newest_ts_recv=1, leases=leases, **counts))
    told: dict[str, set[str]] = {}
    for collector in (Fanout(bench.hub), Deployment(bench.hub), Siblings(Path(), 0)):
        for family in collector.collect():
            name = f"{family.name}_total" if family.type == "counter" else family.name
            told[name] = {label for sample in family.samples for label in sample.labels} - {"le"}
    section = (ROOT / "docs" / "http.md").read_text("utf-8").partition("## Metrics")[2].partition("\n## ")[0]
    rows = [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| `")]
    named = {
        name: set(filter(None, labels.split(", "))) for row in rows for name, labels in NAMED.findall(row)
    }
    assert named == told
    deployed = [path for path in (ROOT / "deploy").rglob("*") if path.suffix in {".yaml", ".json"}]
    used = {name for path in deployed for name in USED.findall(path.read_text("utf-8"))}
    assert used <= set(told)
