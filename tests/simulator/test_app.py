"""What is served where, by HTTP."""

from __future__ import annotations

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tapecast.simulator.paths import STREAMS
from tapecast.simulator.server import Simulator
from tests.simulator.client import HEADERS


async def test_the_first_page_says_what_this_is(sim: Simulator) -> None:
    """Nobody can take it for the real one; every stream and the control are on it."""
    async with httpx.AsyncClient() as http:
        page = (await http.get(sim.base)).text
    assert "SIMULATED" in page
    assert all(path in page for path in STREAMS)
    assert all(path in page for path in ("/v2/orders", "/v1beta1/options/snapshots", "/control/faults"))


async def test_an_unknown_stream_is_404(sim: Simulator) -> None:
    """At the upgrade, as at the venue; also where REST has something."""
    for path in ("/v1beta1/news", "/v2/clock", "/control", "/"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(sim.base.replace("http", "ws") + path).__aenter__()
        assert refused.value.response.status_code == 404
    assert not any(sim.dials.values())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("POST", "/v2/clock", 405), ("PUT", "/control", 404)],
)
async def test_errors_look_like_the_venues(sim: Simulator, method: str, path: str, status: int) -> None:
    """JSON with one field."""
    async with httpx.AsyncClient(base_url=sim.base, headers=HEADERS) as http:
        answer = await http.request(method, path)
    assert answer.status_code == status
    assert list(answer.json()) == ["message"]
