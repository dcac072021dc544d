"""`tapecast up` behind an nginx that was told nothing: positions are for the person at this machine."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.nginx import needs_nginx, nginx
from tests.e2e.processes import serving
from tests.support import PATIENCE_S

pytestmark = [pytest.mark.e2e, needs_nginx]


async def test_a_stranger_behind_nginx_gets_no_positions() -> None:
    """Nginx names no client out of the box, and names us as the Host."""
    async with serving("up") as up:
        port = urlsplit(up.base).port
        assert port is not None
        async with nginx(port, plain=True) as front, httpx.AsyncClient(timeout=PATIENCE_S) as client:
            async with client.stream("GET", f"{up.base}/stream/positions") as own:
                assert own.status_code == 200
            answer = await client.get(f"{front.base}/stream/positions")
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
            assert (await client.get(f"{front.base}/stream/status")).status_code == 200
