"""`tapecast bench` against a running service: figures, refusals, and an end when it is told."""

from __future__ import annotations

import json
import signal
from typing import Any

import httpx
import pytest

from tests.e2e.processes import Child, serving, status, tapecast
from tests.support import eventually, free_port

pytestmark = pytest.mark.e2e

SMALL = ("--streams", "20", "--seconds", "2", "--ramp", "1000")


def figures(child: Child) -> dict[str, Any]:
    """What a run printed as JSON, behind its progress."""
    found: dict[str, Any] = json.loads(child.output[child.output.index("\n{\n") :])
    return found


async def test_a_small_run_tells_what_a_deployment_does() -> None:
    """Twenty streams for two seconds, all of them priced: for people, for programs, and ended by Ctrl-C."""
    async with serving("up") as up:
        async with tapecast("bench", up.base, *SMALL) as bench:
            assert await bench.ended() == 0, bench.output
            text = bench.output
        async with tapecast("bench", up.base, *SMALL, "--interval", "250", "--json") as bench:
            assert await bench.ended() == 0, bench.output
            found = figures(bench)
        async with tapecast("bench", up.base, "--streams", "5", "--seconds", "300", "--json") as bench:
            await bench.said("measuring: 0 of 300")
            assert await bench.end(signal.SIGINT) == 0
            short = figures(bench)

        async def gone() -> bool:
            return bool((await status(up.base))["stream_count"] == 0)

        await eventually(gone, "its streams are closed")
    assert "ready, 1 replica, SIMULATED prices; crypto live, us_equity live" in text
    assert "streams      20 of 20 opened, 20 open at the end" in text
    assert "symbols      AAPL live, BTC/USD live" in text
    assert "latency, from ingest's receipt to here, of all prices" in text
    assert "Traceback" not in text
    assert found["ok"] is True
    assert found["streams"]["opened"] == found["streams"]["open_at_end"] == 20
    assert found["symbols"] == {"AAPL": {"live": 20}, "BTC/USD": {"live": 20}}
    # Two symbols, each four times a second at the most.
    assert 20 <= found["received"]["prices"] <= 20 * 2 * 4 * (found["measured_s"] + 1)
    assert 0 < found["latency"]["p50_ms"] <= found["latency"]["p99_ms"] <= found["latency"]["max_ms"]
    assert found["connect"]["count"] == found["first_price"]["count"] == 20
    # One machine has one clock.
    assert (found["clock"]["known"], found["clock"]["offset_ms"]) == (True, 0.0)
    assert short["cut_short"] is True
    assert short["measured_s"] < 200
    assert short["verdict"][-1].startswith("ended early")


async def test_what_is_refused_is_told_and_a_ticket_is_not() -> None:
    """Five of twenty streams fit, for who has a ticket; without one it is a line and exit code 4."""
    headers = {"Authorization": "Bearer a-long-and-random-token"}
    async with serving("up", env={"API_TOKEN": "a-long-and-random-token", "MAX_STREAMS": "5"}) as up:
        async with httpx.AsyncClient(base_url=up.base, headers=headers) as client:
            ticket = (await client.post("/tickets", json={"streams": ["prices"]})).json()["ticket"]
        async with tapecast("bench", up.base, *SMALL, "--json", env={"TAPECAST_TICKET": ticket}) as bench:
            assert await bench.ended() == 1, bench.output
            found = figures(bench)
            assert ticket not in bench.output
        forged = ticket[:-4] + "AAAA"
        async with tapecast("bench", up.base, *SMALL, env={"TAPECAST_TICKET": forged}) as bench:
            assert await bench.ended() == 4, bench.output
            last = bench.output.splitlines()[-1]
            assert last.endswith("get a ticket (POST /tickets with your API_TOKEN) and set TAPECAST_TICKET")
            assert forged not in bench.output
    assert found["ok"] is False
    assert (found["streams"]["opened"], found["streams"]["refused"]) == (5, {"too_many_streams": 15})
    assert found["verdict"][0] == "15 of 20 streams were refused: 15 too_many_streams"
    assert "this server has as many streams open as it may" in found["verdict"][1]


async def test_nothing_there_is_a_line() -> None:
    """Exit code 3, and no traceback."""
    async with tapecast("bench", f"http://localhost:{free_port()}") as bench:
        assert await bench.ended() == 3
        assert len(bench.output.splitlines()) == 1
        assert "nothing listens at http://localhost:" in bench.output
