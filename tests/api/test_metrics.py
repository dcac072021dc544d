"""`/metrics`, as Prometheus reads it."""

from __future__ import annotations

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tapecast import __version__
from tapecast.bus.connection import Bus
from tests.api.support import beating, joined, publish, replica, stream, tick
from tests.support import eventually


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
            assert found["tapecast_streams",] == 3
            assert found["tapecast_views",] == 2
            assert found["tapecast_streams_blocked",] == 0
            assert found["tapecast_streams_refused_total",] == 1
            assert found["tapecast_ticks_offered_total",] == 3
            assert found["tapecast_ticks_sent_total",] == 3
            assert found["tapecast_events_sent_total",] >= 6
            assert found["tapecast_writes_total",] >= 3
            assert found["tapecast_sent_bytes_total",] > 300
            reasons = {key[1] for key in found if key[0] == "tapecast_streams_evicted_total"}
            assert reasons == {"stalled", "talks", "drained"}

        async def is_empty() -> bool:
            return (await values(client))["tapecast_streams",] == 0

        await eventually(is_empty)


async def test_each_replica_counts_for_itself(bus: Bus) -> None:
    """Two in one process share no numbers."""
    async with replica(bus) as one, replica(bus) as other, stream(one, "/stream/prices?symbols=A") as reader:
        await reader.next()
        assert (await values(one))["tapecast_streams",] == 1
        assert (await values(other))["tapecast_streams",] == 0
