"""Every file of examples/ does what it says, against a running server."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.built_page import shows_live_prices
from tests.e2e.chromium import NEEDED, Watched, chromium
from tests.e2e.processes import Child, serving, streaming
from tests.support import eventually

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
TOKEN = "a-token-that-is-long-enough"
PATIENT_MS = 20_000

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="no node on the PATH")


@pytest.fixture
async def up() -> AsyncIterator[Child]:
    """A server with simulated prices, for who has the token."""
    env = {"SYMBOLS": "AAPL,BTC/USD", "API_TOKEN": TOKEN}
    async with serving("up", env=env) as up:
        yield up


@asynccontextmanager
async def running(*command: str, env: Mapping[str, str] | None = None) -> AsyncIterator[Process]:
    """A program for the length of the block, its words in a pipe."""
    process = await asyncio.create_subprocess_exec(
        *command, env=os.environ | dict(env or {}), stdin=DEVNULL, stdout=PIPE, stderr=STDOUT
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line(process: Process, pattern: str) -> str:
    """The next line that has this in it."""
    assert process.stdout is not None
    said = []
    async with asyncio.timeout(60):
        while text := (await process.stdout.readline()).decode():
            said.append(text)
            if re.search(pattern, text):
                return text
    raise AssertionError(f"no {pattern} before the end: {said[-3:]}")


@NEEDED
@pytest.mark.browser
async def test_a_page_of_forty_lines_shows_live_prices() -> None:
    """Opened as a file: the prices move, the states are the server's, and nothing is said to be real."""
    text = (EXAMPLES / "page.html").read_text("utf-8")
    assert len(text.splitlines()) <= 40
    async with serving("up") as up, chromium() as browser:
        page = await browser.new_page()
        watched = Watched()
        watched.watch(page)
        await page.goto(f"file://{EXAMPLES / 'page.html'}?server={up.base}&symbols=AAPL,BTC/USD,NO-SUCH")
        row = page.locator("tr", has_text="AAPL")
        await expect(row).to_contain_text("live", timeout=PATIENT_MS)
        await expect(page.locator("tr", has_text="NO-SUCH")).to_contain_text("refused: symbol_invalid")
        await expect(page.get_by_role("status")).to_contain_text("us_equity live (SIMULATED)")
        before = await row.inner_text()
        await expect(row).not_to_have_text(before, timeout=PATIENT_MS)
        assert watched.complaints == []


VITE = ROOT / "dashboard" / "node_modules" / ".bin" / "vite"
MAIN = """
import { createRoot } from "react-dom/client";
import App from "./App.jsx";
createRoot(document.body).render(<App />);
"""


async def built(folder: Path, server: str) -> Path:
    """A page of the React example, with the client from its source; no registry is asked."""
    packages, client = ROOT / "dashboard" / "node_modules", ROOT / "clients" / "js" / "src"
    alias = {
        "tapecast-client/react": str(client / "react" / "index.ts"),
        **{name: str(packages / name) for name in ("react", "react-dom")},
    }
    shutil.copy(EXAMPLES / "react" / "App.jsx", folder)
    (folder / "main.jsx").write_text(MAIN, "utf-8")
    (folder / "index.html").write_text(
        '<link rel="icon" href="data:,"><body><script type="module" src="./main.jsx"></script>', "utf-8"
    )
    config = {"base": "./", "resolve": {"alias": alias}, "build": {"modulePreload": False}}
    (folder / "vite.config.mjs").write_text(f"export default {json.dumps(config)}", "utf-8")
    env = {"VITE_TAPECAST_URL": server}
    async with running(str(VITE), "build", str(folder), env=env) as vite:
        await line(vite, "built in")
    return folder / "dist"


@NEEDED
@pytest.mark.browser
@pytest.mark.skipif(not VITE.exists(), reason="the dashboard's packages are not installed (make dashboard)")
async def test_a_react_page_shows_live_prices(tmp_path: Path) -> None:
    """The lines of the README, on a server of their own: prices that move, with their state."""
    async with serving("up") as up:
        await shows_live_prices(await built(tmp_path, up.base))


@needs_node
@pytest.mark.skipif(not VITE.exists(), reason="the dashboard's packages are not installed (make dashboard)")
async def test_node_prints_prices(up: Child, tmp_path: Path) -> None:
    """With their states; a wrong token is one line and the end."""
    shutil.copy(EXAMPLES / "node.mjs", tmp_path)
    client = str(ROOT / "clients" / "js" / "src" / "index.ts")
    config = {"resolve": {"alias": {"tapecast-client": client}}, "ssr": {"noExternal": True}}
    (tmp_path / "vite.config.mjs").write_text(f"export default {json.dumps(config)}", "utf-8")
    async with running(str(VITE), "build", str(tmp_path), "--ssr", "node.mjs") as vite:
        await line(vite, "built in")
    command = ("node", str(tmp_path / "dist" / "node.mjs"))
    env = {"TAPECAST_URL": up.base, "API_TOKEN": TOKEN}
    async with running(*command, "AAPL", "NO-SUCH", env=env) as node:
        await line(node, r"^AAPL live")
        await line(node, r"^AAPL \d+(\.\d+)? \d")
    async with running(*command, env=env | {"API_TOKEN": "none-of-the-right-ones"}) as node:
        await line(node, "token")
        assert await node.wait() == 1


async def test_python_prints_prices(up: Child) -> None:
    """The same, by the client that comes with the package."""
    command = (sys.executable, str(EXAMPLES / "prices.py"), "AAPL", "BTC/USD")
    env = {"TAPECAST_URL": up.base, "API_TOKEN": TOKEN}
    async with running(*command, env=env) as python:
        await line(python, r"^AAPL live")
        await line(python, r"^AAPL \d+(\.\d+)? \d")
    async with running(*command, env=env | {"API_TOKEN": "none-of-the-right-ones"}) as python:
        assert "token" in await line(python, "")
        assert await python.wait() == 1


def test_every_example_has_its_row() -> None:
    """On the page of the examples, and a test here."""
    page, tests = (EXAMPLES / "README.md").read_text("utf-8"), Path(__file__).read_text("utf-8")
    found = {str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*.*") if path.name != "README.md"}
    assert found == set(re.findall(r"^\| \[[^]]+\]\(([^)]+)\)", page, re.MULTILINE))
    assert [name for name in found if Path(name).name not in tests] == []


def test_the_readme_shows_that_very_page() -> None:
    """Whoever pastes it has what was tested."""
    page = (EXAMPLES / "react" / "App.jsx").read_text("utf-8")
    assert page in (ROOT / "README.md").read_text("utf-8")


async def test_curl_is_enough(up: Child) -> None:
    """The status, prices once, prices as they come; a wrong token is curl's failure."""
    async with running(str(EXAMPLES / "curl.sh"), up.base, "AAPL", env={"API_TOKEN": TOKEN}) as shell:
        assert '"us_equity"' in await line(shell, "feeds")
        assert '"prices":[{"symbol":"AAPL"' in await line(shell, '^{"prices"')
        await line(shell, '^data: {"symbol":"AAPL","price"')
        assert await shell.wait() == 0
    async with running(
        str(EXAMPLES / "curl.sh"), up.base, env={"API_TOKEN": "none-of-the-right-ones"}
    ) as shell:
        assert '"unauthorized"' in await line(shell, "unauthorized")
        assert await shell.wait() == 22


async def test_a_strategy_reads_the_cache(up: Child) -> None:
    """It acts on what the server has, by the Redis that the server's banner names."""
    found = re.search(r"Valkey, (\S+)", up.output)
    assert found
    env = {"REDIS_URL": f"redis://{found[1]}", "SYMBOLS": "AAPL,BTC/USD"}
    async with running(sys.executable, str(EXAMPLES / "strategy.py"), env=env) as strategy:
        assert re.fullmatch(r"(buy|sell) (AAPL|BTC/USD) at \d+(\.\d+)?\n", await line(strategy, ""))


ASKS = """
const { GET } = await import(process.argv[1])
const of = (headers) => GET(new Request('http://localhost/api/ticket', { headers }))
console.log((await of({})).status)
const answer = await of({ cookie: 'session=1' })
console.log(answer.status, answer.headers.get('Cache-Control'), await answer.text())
"""


async def mints(up: Child, folder: Path, **env: str) -> Process:
    """The route in a Node of its own, asked without and with a session; its words."""
    route = folder / "route.mjs"
    shutil.copy(EXAMPLES / "nextjs" / "route.js", route)
    command = ("node", "--input-type=module", "--eval", ASKS, str(route))
    env = {"TAPECAST_URL": up.base, "API_TOKEN": TOKEN} | env
    return await asyncio.create_subprocess_exec(
        *command, env=os.environ | env, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )


async def said(process: Process) -> tuple[list[str], str]:
    """Its lines, and its errors."""
    async with asyncio.timeout(60):
        out, errors = await process.communicate()
    return out.decode().splitlines(), errors.decode()


@needs_node
async def test_a_route_of_next_js_mints_tickets(up: Child, tmp_path: Path) -> None:
    """For who is signed in, and for the symbols that are theirs."""
    (stranger, answer), errors = await said(await mints(up, tmp_path))
    assert (stranger, errors) == ("401", "")
    status, cache, ticket = answer.split(" ")
    assert (status, cache) == ("200", "no-store")
    async with streaming(f"{up.base}/stream/prices", symbols="AAPL,MSFT", ticket=ticket) as stream:
        await eventually(lambda: stream.ticks("AAPL"), "prices by that ticket")
        await eventually(lambda: stream.state("MSFT") == "refused", "a word on what it is not for")


@needs_node
async def test_a_route_without_a_server_says_when_to_come_back(up: Child, tmp_path: Path) -> None:
    """And tells its own log why; the page learns nothing of tokens."""
    (_, answer), errors = await said(await mints(up, tmp_path, API_TOKEN="none-of-the-right-ones"))
    assert answer.startswith("503 ")
    assert TOKEN not in answer + errors
    assert "no ticket: tapecast answered 401" in errors
