"""A real Prometheus with the configuration of `deploy/`: it scrapes, every panel has data, an alert fires."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tapecast.simulator.paths import STOCK_PATH
from tapecast.simulator.server import SimulatorConfig, simulator
from tests.e2e.processes import serving, streaming, tapecast
from tests.project.deployment import DEPLOY
from tests.project.test_monitoring import PANELS
from tests.support import PATIENCE_S, eventually, free_port, free_socket

PROMETHEUS = shutil.which("prometheus")

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(PROMETHEUS is None, reason="no Prometheus here (Debian: apt-get install prometheus)"),
]

SYMBOLS = "AAPL,MSFT,BTC/USD"
TROUBLE = ("redis_refuses", "symbols_refused", "ingest_rejected")
"""What has a value only while something is wrong."""


@asynccontextmanager
async def prometheus(target: str, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """One that scrapes this api every second, and a client to it."""
    assert PROMETHEUS is not None
    for name in ("prometheus.yaml", "alerts.yaml"):
        text = (DEPLOY / "prometheus" / name).read_text("utf-8")
        text = text.replace("127.0.0.1:8000", target).replace("_interval: 5s", "_interval: 1s")
        (folder / name).write_text(text, encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            PROMETHEUS, f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address={address}", "--log.level=warn", stdout=log, stderr=log,
            stdin=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    try:
        async with httpx.AsyncClient(base_url=f"http://{address}/api/v1", timeout=PATIENCE_S) as client:
            await eventually(lambda: _is_up(client), "Prometheus scrapes the api")
            yield client
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(PATIENCE_S):
            await process.wait()


async def _is_up(client: httpx.AsyncClient) -> bool:
    try:
        # It answers 503 while it starts.
        if (await client.get("/query", params={"query": "1"})).status_code != httpx.codes.OK:
            return False
        return [each["value"][1] for each in await ask(client, 'up{job="tapecast"}')] == ["1"]
    except httpx.TransportError:
        return False


async def ask(client: httpx.AsyncClient, expression: str) -> list[dict[str, Any]]:
    """What an expression gives now."""
    answer = (await client.get("/query", params={"query": expression})).json()
    assert answer["status"] == "success", answer
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found


async def alerts(client: httpx.AsyncClient) -> dict[str, str]:
    """The alerts that are pending or firing."""
    answer = (await client.get("/alerts")).json()
    return {each["labels"]["alertname"]: each["state"] for each in answer["data"]["alerts"]}


async def test_a_real_prometheus_has_data_for_every_panel_and_fires(tmp_path: Path, valkey_url: str) -> None:
    """A working service: each panel shows something, no rule fails. Refused keys: that alert fires."""
    async with simulator(SimulatorConfig(), free_socket()) as venue:
        env = venue.environment() | {"REDIS_URL": valkey_url}
        async with (
            serving("api", env=env) as api,
            tapecast("ingest", env=env),
            streaming(f"{api.base}/stream/prices", symbols=SYMBOLS) as stream,
            prometheus(urlsplit(api.base).netloc, tmp_path) as client,
        ):
            await eventually(lambda: all(stream.state(each) == "live" for each in SYMBOLS.split(",")))
            for panel in PANELS:
                for target in panel.get("targets", []):
                    filled = target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
                    if not any(word in filled for word in TROUBLE):
                        await eventually(lambda filled=filled: ask(client, filled), filled)  # type: ignore[misc]

            async def rules_are_well() -> bool:
                groups = (await client.get("/rules")).json()["data"]["groups"]
                health = [rule["health"] for group in groups for rule in group["rules"]]
                assert "err" not in health
                return set(health) == {"ok"}

            await eventually(rules_are_well, "each rule has been looked at")

            async def is_calm() -> bool:
                return not await alerts(client)

            await eventually(is_calm, "nothing is wrong")
            venue.error(402, STOCK_PATH)

            async def fires() -> bool:
                return (await alerts(client)).get("TapecastFeedFailed") == "firing"

            await eventually(fires, "TapecastFeedFailed")
