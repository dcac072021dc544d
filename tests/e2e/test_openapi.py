"""openapi.json against the running service: schemathesis asks for all that ends, and we for the streams."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Final

import httpx
import pytest

from tapecast.bus.connection import Bus
from tests.api.support import replica
from tests.e2e.processes import serving
from tests.project.calls import DOCUMENT, check
from tests.support import PATIENCE_S

pytestmark = pytest.mark.e2e

TOKEN = "t" * 20
BEARER = {"Authorization": f"Bearer {TOKEN}"}
STREAMS: Final = {
    "/stream/prices": "?symbols=AAPL",
    "/stream/bars": "?symbols=AAPL",
    "/stream/positions": "",
    "/stream": "?prices=AAPL&positions&status",
}
FINITE = sorted(DOCUMENT["paths"].keys() - STREAMS)
"""Named one by one: schemathesis leaves out the document's own path otherwise."""
LIMIT_S = 60.0
REFUSALS = [
    ("/stream/prices", "", 400, "symbols_missing"),
    ("/stream/prices", "?symbols=???", 400, "symbol_invalid"),
    ("/stream/prices", "?symbols=" + ",".join(f"A{i}" for i in range(1001)), 400, "too_many_symbols"),
    ("/stream/prices", "?symbols=AAPL&interval=soon", 400, "interval_invalid"),
    ("/stream/bars", "", 400, "symbols_missing"),
    ("/stream/bars", "?symbols=???", 400, "symbol_invalid"),
    ("/stream/bars", "?symbols=" + ",".join(f"A{i}" for i in range(51)), 400, "too_many_symbols"),
    ("/stream/bars", "?symbols=AAPL&interval=1d", 400, "interval_invalid"),
    ("/stream/bars", "?symbols=AAPL&interval_ms=soon", 400, "interval_invalid"),
    ("/stream/bars", "?symbols=AAPL&limit=all", 400, "limit_invalid"),
    ("/stream/positions", "?interval=soon", 400, "interval_invalid"),
    ("/stream", "", 400, "symbols_missing"),
    ("/stream", "?prices=???", 400, "symbol_invalid"),
    ("/stream", "?positions&interval=soon", 400, "interval_invalid"),
]


async def test_schemathesis_finds_nothing(valkey_url: str, tmp_path: Path) -> None:
    """Good and bad requests for all that has an end: no status, header or field that it does not say."""
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", "--no-color", "--continue-on-failure",
        "--generation-deterministic", "--max-examples", "5", "--phases", "examples,coverage,fuzzing",
        "--header", f"Authorization: Bearer {TOKEN}", *(f"--include-path={path}" for path in FINITE),
    ]  # fmt: skip
    env = {"REDIS_URL": valkey_url, "API_TOKEN": TOKEN}
    async with serving("up", env=env) as up:
        begun = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *command, f"{up.base}/openapi.json",
            cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            async with asyncio.timeout(LIMIT_S):
                said, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, said.decode()
        print(f"{time.monotonic() - begun:.1f} s: {said.decode().splitlines()[-1]}")  # noqa: T201
        assert "Traceback" not in up.output
    count = len(DOCUMENT["paths"]) - len(STREAMS)
    assert f"Tested: {count}" in said.decode()


@pytest.mark.parametrize("prefix", ["", "/api"])
async def test_streams_are_as_it_says(bus: Bus, prefix: str) -> None:
    """To who may have them, and to who may not; with each error that a request can have."""
    async with replica(bus, API_TOKEN=TOKEN) as client:
        async with httpx.AsyncClient(base_url=client.base_url.join(prefix), timeout=PATIENCE_S) as ask:
            for path, query in STREAMS.items():
                check(refused := await ask.get(path + query), path)
                assert refused.status_code == 401
                async with ask.stream("GET", path + query, headers=BEARER) as answer:
                    check(answer, path)
                    assert answer.status_code == 200
            for path, query, status, code in REFUSALS:
                answer = await ask.get(path + query, headers=BEARER)
                check(answer, path)
                assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), path + query
            ticket = (await ask.post("/tickets", headers=BEARER, json={"streams": ["prices"]})).json()[
                "ticket"
            ]
            for path in ("/stream/positions", "/stream?prices=AAPL&positions"):
                answer = await ask.get(
                    path, params=httpx.QueryParams(httpx.URL(path).params).set("ticket", ticket)
                )
                check(answer, path.partition("?")[0])
                assert answer.status_code == 403


async def test_what_is_refused_for_now_is_as_it_says(bus: Bus) -> None:
    """An error with its `Retry-After` to who asks for JSON, and a stream that ends to who asks for one."""
    async with replica(bus, MAX_STREAMS="1", PUBLIC="positions") as client:
        async with client.stream("GET", "/stream/positions"):
            for path, query in STREAMS.items():
                check(answer := await client.get(path + query), path)
                assert answer.status_code == 429
                answer = await client.get(path + query, headers={"Accept": "text/event-stream"})
                check(answer, path)
                assert answer.status_code == 200
                assert "event: bye" in answer.text
