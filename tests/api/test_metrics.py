"""`/metrics`, as Prometheus reads it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request
from starlette.responses import Response

from tapecast import __version__
from tapecast.api.deployment import Deployment
from tapecast.api.door import Door
from tapecast.api.exposition import Fanout
from tapecast.api.metrics import Metrics
from tapecast.api.siblings import Siblings
from tapecast.bus.codec import AccountStatus, LeaseStatus
from tapecast.bus.connection import Bus
from tapecast.market import FeedState
from tests.api.account.support import Broker
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
    leases, account = {"us_equity": LeaseStatus("a", 1)}, AccountStatus(FeedState.LIVE)
    bench.hub.on_ingest(ingest("a", newest_ts_recv=1, leases=leases, account=account, **counts))
    Broker(bench).tell()
    told: dict[str, set[str]] = {}
    for collector in (Fanout(bench.hub, Door()), Deployment(bench.hub), Siblings(Path(), 0)):
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


class Slow(Siblings):
    """Answers when it may, and takes some time of a hand clock for it."""

    def __init__(self, takes_s: float) -> None:
        super().__init__(Path(), 0)
        self.may = asyncio.Event()
        self.asked = 0
        self.now_s = 100.0
        self._takes_s = takes_s

    async def gather(self) -> bytes:
        """How often it was asked."""
        self.asked += 1
        await self.may.wait()
        self.now_s += self._takes_s
        return b"%d" % self.asked


def scrape_of(metrics: Metrics) -> asyncio.Task[Response]:
    """One that has begun."""
    return asyncio.create_task(metrics.metrics(Request({"type": "http"})))


async def test_those_who_ask_meanwhile_share_the_next_answer() -> None:
    """Not the one under way, which began before they asked; one who leaves takes nothing from the others."""
    slow = Slow(0.0)
    metrics = Metrics(Bench().hub, Door(), slow, lambda: slow.now_s)
    first = scrape_of(metrics)
    await eventually(lambda: slow.asked == 1)
    others = [scrape_of(metrics) for _ in range(3)]
    await asyncio.sleep(0)
    others[0].cancel()
    slow.may.set()
    assert (await first).body == b"1"
    assert [(await other).body for other in others[1:]] == [b"2", b"2"]
    assert (await scrape_of(metrics)).body == b"3"


@pytest.mark.parametrize(("takes_s", "rests_s"), [(0.02, 0.2), (3.0, 1.0)])
async def test_after_an_answer_there_is_a_rest(
    takes_s: float, rests_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times as long as it took, and a second at the most: streams keep nine tenths of the core."""
    slow, rests = Slow(takes_s), []
    slow.may.set()
    metrics = Metrics(Bench().hub, Door(), slow, lambda: slow.now_s)

    async def sleep(delay_s: float) -> None:
        rests.append(round(delay_s, 6))
        slow.now_s += delay_s

    monkeypatch.setattr("tapecast.api.metrics.asyncio.sleep", sleep)
    await scrape_of(metrics)
    await scrape_of(metrics)
    slow.now_s += 60
    await scrape_of(metrics)
    assert rests == [0, rests_s, 0]


async def test_refusals_and_ends_are_counted(bus: Bus) -> None:
    """So that an attack, or a crowd that comes and goes, is seen."""
    async with beating(bus), replica(bus, API_TOKEN="a-token-of-some-length", PUBLIC="prices") as client:
        assert (await client.get("/stream/positions")).status_code == 401
        assert (await client.get("/nowhere")).status_code == 404
        async with stream(client, "/stream/prices?symbols=AAPL") as reader:
            await reader.next()
            assert (await values(client))["tapecast_streams_opened_total",] == 1

        async def left() -> bool:
            return (await values(client))["tapecast_streams_ended_total", "left"] == 1

        await eventually(left)
        found = await values(client)
        assert found["tapecast_requests_refused_total", "unauthorized"] == 1
        assert found["tapecast_requests_refused_total", "not_found"] == 1
        assert found["tapecast_requests_refused_total", "forbidden"] == 0
        assert found["tapecast_streams_ended_total", "ticket_expired"] == 0
