"""What an operator sees of the whole pipe on `/metrics` of an api: venue, owner, Redis and streams."""

from __future__ import annotations

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.pipe import pipe
from tests.support import PATIENCE_S, eventually

pytestmark = pytest.mark.e2e


async def scrape(base: str) -> dict[str, float]:
    """Every sample by its name and its labels but the process, of which there is one of each kind."""
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        text = (await client.get(f"{base}/metrics")).text
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = [value for label, value in sorted(sample.labels.items()) if label != "process"]
            found[" ".join([sample.name.removeprefix("tapecast_"), *labels])] = sample.value
    return found


async def test_a_feed_that_works_and_one_that_was_cut_are_told(valkey_url: str) -> None:
    """What ingest counts comes through Redis to an api that has never met it."""
    async with pipe(valkey_url) as running, running.prices("AAPL") as stream:
        await eventually(lambda: len(stream.ticks("AAPL")) > 20, "ticks")

        async def is_told() -> bool:
            # The feed's state comes with a beat, what was counted with a status, which comes later.
            found = await scrape(running.base)
            names = ("messages_total trade", "messages_total snapshot", "flush_seconds_count")
            counted = min(found.get(f"ingest_{name}", 0) for name in names)
            return (
                found.get("feed_state us_equity live") == 1 and found["symbols_active"] == 1 and counted > 0
            )

        await eventually(is_told, "a live feed")
        found = await scrape(running.base)
        assert found["lease_held us_equity"] == 1
        assert found["ingest_messages_total trade"] > 0
        assert found["ingest_messages_total snapshot"] > 0
        assert found["ingest_flush_seconds_count"] > 0
        assert found["ingest_reconnects_total"] == 0
        assert found["symbols live"] == 1
        assert (found["redis_up"], found["replicas"]) == (1, 1)
        assert found["tick_age_seconds_count"] > 0

        async def is_quick() -> bool:
            # All on one machine: less than a second from end to end, but for a moment that was a bad one.
            found = await scrape(running.base)
            return 0 < found["redis_lag_seconds"] < 1 and found["newest_tick_age_seconds"] < 10

        await eventually(is_quick, "the way through Redis")
        await running.venue.close_sessions(1012)

        async def is_counted() -> bool:
            found = await scrape(running.base)
            return found["ingest_reconnects_total"] >= 1 and found["feed_state us_equity live"] == 1

        await eventually(is_counted, "a reconnect, and a live feed after it")
