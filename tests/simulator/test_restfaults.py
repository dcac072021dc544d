"""REST that is late or fails."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tapecast.simulator.server import Simulator
from tests.simulator.client import HEADERS
from tests.support import PATIENCE_S

CLOCK, ACCOUNT = "/v2/clock", "/v2/account"


def http(sim: Simulator) -> httpx.AsyncClient:
    """A client with keys."""
    return httpx.AsyncClient(base_url=sim.base, headers=HEADERS)


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
async def test_everything_fails(still: Simulator, status: int) -> None:
    """With that status and words that nobody takes for Alpaca's; the page and the control do not."""
    still.rest_faults.status = status
    async with http(still) as client:
        for path in (CLOCK, ACCOUNT, "/v2/stocks/snapshots?symbols=AAPL", "/nowhere"):
            answer = await client.get(path)
            assert answer.status_code == status
            assert "SIMULATED" in answer.json()["message"]
        assert (await client.get("/")).status_code == 200
        assert (await client.get("/control")).status_code == 200
        still.rest_faults.status = None
        assert (await client.get(CLOCK)).status_code == 200


async def test_one_part_fails(still: Simulator) -> None:
    """What begins with that path."""
    still.rest_faults.status, still.rest_faults.only = 503, CLOCK
    async with http(still) as client:
        assert (await client.get(CLOCK)).status_code == 503
        assert (await client.get(ACCOUNT)).status_code == 200


@pytest.mark.parametrize(("status", "told"), [(None, 200), (502, 502)])
async def test_a_page_where_json_belongs(still: Simulator, status: int | None, told: int) -> None:
    """As a proxy in between would send, with whatever status."""
    still.rest_faults.html, still.rest_faults.status = True, status
    async with http(still) as client:
        answer = await client.get(ACCOUNT)
    assert (answer.status_code, answer.headers["content-type"]) == (told, "text/html; charset=utf-8")
    assert "SIMULATED" in answer.text


async def test_answers_are_late(still: Simulator) -> None:
    """By so many seconds; others are not held up."""
    still.rest_faults.delay_s, still.rest_faults.only = 0.3, CLOCK
    loop = asyncio.get_running_loop()
    async with http(still) as client:
        started = loop.time()
        assert (await client.get(CLOCK)).status_code == 200
        assert loop.time() - started >= 0.3
        still.rest_faults.delay_s = 3600.0
        late = asyncio.create_task(client.get(CLOCK, timeout=None))
        await client.get(ACCOUNT)
        assert not late.done()
        late.cancel()
        await asyncio.wait([late])


async def test_late_and_failing(still: Simulator) -> None:
    """A client that gives up first sees no status."""
    still.rest_faults.status, still.rest_faults.delay_s = 503, 60.0
    async with http(still) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get(CLOCK, timeout=httpx.Timeout(PATIENCE_S, read=0.1))
