"""How many calls may be made, and what is counted."""

from __future__ import annotations

from collections import Counter

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from tapecast.simulator.paper.limits import LimitedRest
from tapecast.simulator.server import Simulator, SimulatorConfig, simulator
from tests.simulator.client import HEADERS
from tests.support import free_socket

POSITIONS = "/v2/positions"


class Host:
    """A host of empty answers, with a limit of three calls in a minute that passes by hand."""

    def __init__(self) -> None:
        self.now = 1_700_000_040.0
        self.calls: Counter[str] = Counter()
        inner = Starlette(routes=[Route("/{path:path}", lambda _: Response(), methods=["GET", "DELETE"])])
        known = (POSITIONS, f"{POSITIONS}/{{symbol}}", "/v2/orders/{order_id}", "/v2/stocks/snapshots")
        routes = [Route(path, lambda _: Response()) for path in known]
        app = LimitedRest(inner, routes, 3, self.calls, lambda: self.now)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://host")

    async def get(self, path: str = POSITIONS) -> tuple[int, str | None]:
        """Status of a call, and how many are left."""
        answer = await self.client.get(path)
        return answer.status_code, answer.headers.get("x-ratelimit-remaining")


async def test_the_next_call_is_too_many() -> None:
    """429 until the minute is over."""
    host = Host()
    assert [await host.get() for _ in range(4)] == [(200, "2"), (200, "1"), (200, "0"), (429, "0")]
    host.now += 59
    assert await host.get() == (429, "0")
    host.now += 1
    assert await host.get() == (200, "2")


async def test_headers_say_when_it_is_over() -> None:
    """In Unix seconds, also on the refusal."""
    host = Host()
    for _ in range(4):
        answer = await host.client.get(POSITIONS)
        assert answer.headers["x-ratelimit-limit"] == "3"
        assert answer.headers["x-ratelimit-reset"] == "1700000100"
    assert answer.json() == {"code": 42910000, "message": "rate limit exceeded"}


async def test_prices_are_not_limited() -> None:
    """They are another host's."""
    host = Host()
    for _ in range(4):
        assert await host.get("/v2/stocks/snapshots") == (200, None)
    assert await host.get() == (200, "2")


async def test_calls_are_counted_by_path() -> None:
    """What is named in a path is not: there are only so many."""
    host = Host()
    for path in (
        POSITIONS,
        POSITIONS,
        f"{POSITIONS}/AAPL",
        "/v2/orders/1",
        "/v2/orders/2",
        "/v2/stocks/snapshots",
    ):
        await host.get(path)
    assert host.calls == {POSITIONS: 2, f"{POSITIONS}/*": 1, "/v2/orders/*": 2, "/v2/stocks/snapshots": 1}


async def test_what_there_is_not_is_counted_as_one() -> None:
    """Or anybody could fill the memory with names."""
    host = Host()
    for path in ("/a", "/b/c", "/v2/orders/1/2", "/v2/positionsX", "/"):
        await host.get(path)
    assert host.calls == {"*": 5}


async def test_all_calls_of_the_simulator_are_counted_by_their_route(still: Simulator) -> None:
    """Those of both hosts, and a method that there is not too."""
    async with httpx.AsyncClient(base_url=still.base, headers=HEADERS) as client:
        for path in (
            "/v2/orders/1",
            "/v2/assets/BTC/USD",
            "/v2/assets",
            "/v2/stocks/bars",
            "/v2/clock",
            "/x",
        ):
            await client.get(path)
        await client.put("/v2/account")
    found = ("/v2/orders/*", "/v2/assets/*", "/v2/assets", "/v2/stocks/bars", "/v2/clock", "/v2/account", "*")
    assert still.calls == dict.fromkeys(found, 1)


async def test_a_fault_that_says_429_leaves_nothing(still: Simulator) -> None:
    """Or a client would not believe it."""
    still.rest_faults.status = 429
    async with httpx.AsyncClient(base_url=still.base, headers=HEADERS) as client:
        answer = await client.get(POSITIONS)
    assert (answer.status_code, answer.headers["x-ratelimit-remaining"]) == (429, "0")
    assert still.calls[POSITIONS] == 1


async def test_the_limit_can_be_chosen() -> None:
    """200 unless it is."""
    assert SimulatorConfig().calls_per_minute == 200
    config = SimulatorConfig(calls_per_minute=1)
    async with (
        simulator(config, free_socket()) as sim,
        httpx.AsyncClient(base_url=sim.base, headers=HEADERS) as client,
    ):
        answers = [(await client.get("/v2/clock")).status_code for _ in range(3)]
    # A minute may begin in between.
    assert answers.count(429) >= 1


@pytest.mark.parametrize("path", ["/v2/account", "/v2/positions", "/v2/orders", "/v2/assets", "/v2/clock"])
async def test_all_of_the_trading_host_is_limited(path: str) -> None:
    """One budget for all of it."""
    host = Host()
    assert await host.get(path) == (200, "2")
