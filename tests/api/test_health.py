"""Alive and ready."""

from __future__ import annotations

import json

from starlette.requests import Request

from tapecast.api.health import Health
from tapecast.api.hub import Hub
from tests.api.support import Bench

REQUEST = Request({"type": "http", "headers": []})


async def readiness(hub: Hub) -> tuple[int, list[str]]:
    """The status and the reasons."""
    answer = await Health(hub).readyz(REQUEST)
    return answer.status_code, json.loads(bytes(answer.body))["reasons"]


async def test_ready_means_redis_and_not_draining() -> None:
    """A new client should come here only if it can be served."""
    hub = Bench().hub
    hub.markets.link = None
    assert await readiness(hub) == (503, ["cache_unavailable"])
    hub.on_link(True)
    assert await readiness(hub) == (200, [])
    hub.on_link(False)
    await hub.audience.drain()
    assert await readiness(hub) == (503, ["cache_unavailable", "draining"])


async def test_alive_means_alive() -> None:
    """A lost Redis must not make a platform restart us: the streams go on."""
    hub = Bench().hub
    hub.on_link(False)
    answer = await Health(hub).healthz(REQUEST)
    assert (answer.status_code, bytes(answer.body)) == (200, b'{"status":"ok"}')
