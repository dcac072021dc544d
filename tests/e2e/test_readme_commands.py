"""Every command of the README works as it stands there, a port of our own in the place of 8000.

`make test` runs them in the checkout, which CI has just cloned; the drill clones it anew, installs from
nothing, and makes the React page from the README's lines with what npm's registry has today.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tapecast.simulator.server import SimulatorConfig, simulator
from tests.e2e.built_page import shows_live_prices
from tests.e2e.chromium import NEEDED
from tests.e2e.processes import ready, serving
from tests.support import eventually, free_port, free_socket
from tests.tapes import trade, written

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
SHOWN = [block.strip() for block in re.findall(r"^```sh\n(.*?)^```", README, re.DOTALL | re.MULTILINE)]
PROGRAMS = ("make", "curl", "tapecast", ".venv/bin/tapecast", "docker", "export", "npm", "pip", "FEED")
INLINE = [
    text
    for text in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", re.sub(r"```.*?```", "", README, flags=re.DOTALL))
    if text.split(" ")[0].split("=")[0] in PROGRAMS and " " in text
]
ANSWER = "curl -N 'localhost:8000/stream/prices?symbols=AAPL,BTC/USD'"
WATCH = ".venv/bin/tapecast watch AAPL BTC/USD"
STATUS = "curl localhost:8000/stream/status"
KEYS = "ALPACA_PAPER_API_KEY=… ALPACA_PAPER_SECRET_KEY=… "
SIMULATE = "tapecast simulate --port 8100"
EXPORT = "export $(tapecast simulate --port 8100 --print-env)"
REPLAY = "FEED=replay:tape.jsonl REPLAY_SPEED=50 tapecast up"
WORKERS = "tapecast api --workers 4"
REACT = next(block for block in SHOWN if block.startswith("npm"))
APART = next(block for block in SHOWN if "tapecast ingest" in block).splitlines()
# Named in a sentence, and run in their places.
NAMED = {"tapecast up", "tapecast ingest", "curl -N"}
# Run by no test, and why.
LEFT_OUT = {
    "make help": "lists the others; tests/project/test_makefile.py reads it",
    "make test": "this is it",
    "tapecast bench http://localhost:8000": "for two seconds: tests/e2e/test_bench_command.py",
    "npm --prefix prices run dev": "does not end; the drill looks at what it would serve",
    "docker build -t tapecast . && docker run --rm -p 8000:8000 tapecast": "tests/project/test_image.py",
}
RUN = {"make up", ANSWER, STATUS, WATCH, REACT, "\n".join(APART), SIMULATE, EXPORT, REPLAY, WORKERS}

made = pytest.mark.skipif(
    not (ROOT / ".venv" / "installed.json").is_file(), reason="`make` did not make this checkout's .venv"
)


def test_every_command_of_the_readme_is_here() -> None:
    """One that is added to it has to be run, or to be left out for a reason."""
    with_keys = [block for block in SHOWN if block.startswith(KEYS)]
    assert len(with_keys) == 1
    assert set(SHOWN) | set(INLINE) == RUN | NAMED | set(LEFT_OUT) | set(with_keys)


class Shell:
    """Runs lines of the README in a folder, as a person would who has only that folder."""

    def __init__(self, folder: Path, stack: AsyncExitStack, **env: str) -> None:
        self._folder, self._stack = folder, stack
        kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        self._env = (
            kept | {"PATH": os.pathsep.join([str(folder / ".venv" / "bin"), os.environ["PATH"]])} | env
        )
        # A proxy or an index of this machine's, without which nothing can be installed.
        self._env |= {
            name: value for name, value in os.environ.items() if name.lower().startswith(("pip_", "npm_"))
        }

    async def begin(self, command: str, **env: str) -> Process:
        """Start what does not end by itself; it ends with the test."""
        process = await asyncio.create_subprocess_exec(
            "sh", "-c", command, cwd=self._folder, env=self._env | env, start_new_session=True,
            stdin=DEVNULL, stdout=PIPE, stderr=STDOUT,
        )  # fmt: skip
        self._stack.push_async_callback(end, process)
        return process

    async def run(self, command: str, limit_s: float = 60, **env: str) -> str:
        """What it printed; it has to end well."""
        process = await self.begin(command, **env)
        async with asyncio.timeout(limit_s):
            said, _ = await process.communicate()
        assert process.returncode == 0, said.decode()
        return said.decode()


async def end(process: Process) -> None:
    """The command and what it has started."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(20):
                await process.communicate()
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.communicate()


async def line(process: Process, text: str, limit_s: float = 60) -> str:
    """All that it says up to a line with this text."""
    assert process.stdout is not None
    said = ""
    async with asyncio.timeout(limit_s):
        while next_line := (await process.stdout.readline()).decode():
            said += next_line
            if text in next_line:
                return said
    raise AssertionError(f"it ended without {text!r}:\n{said}")


@asynccontextmanager
async def shell(folder: Path, **env: str) -> AsyncIterator[Shell]:
    """A shell, and nothing of it left at the end."""
    async with AsyncExitStack() as stack:
        yield Shell(folder, stack, **env)


def at(command: str, port: int) -> str:
    """The command, for another port than the README's."""
    return command.replace("localhost:8000", f"127.0.0.1:{port}")


async def starts_as_shown(folder: Path, limit_s: float) -> None:
    """`make up`, the banner, the two `curl`s."""
    port = free_port()
    async with shell(folder) as sh:
        up = await sh.begin("make up", PORT=str(port))
        banner = await line(up, "access", limit_s)
        assert "SIMULATED prices, not real ones" in banner
        stream = await sh.begin(at(ANSWER, port))
        await line(stream, 'data: {"symbol":"BTC/USD","price"')
        assert '"market":"us_equity","state":"live"' in await sh.run(at(STATUS, port))
        await line(await sh.begin(WATCH, TAPECAST_URL=f"http://127.0.0.1:{port}"), "AAPL")


@made
async def test_it_starts_as_shown() -> None:
    """In a checkout in which `make` has installed before."""
    await starts_as_shown(ROOT, 60)


@made
async def test_with_keys_it_streams_the_venue() -> None:
    """The same command with keys, of a local Alpaca."""
    port = free_port()
    command = next(block for block in SHOWN if block.startswith(KEYS))
    async with simulator(SimulatorConfig(), free_socket()) as venue, shell(ROOT) as sh:
        env = dict(venue.environment())
        command = with_keys(command, env)
        up = await sh.begin(command, **env, PORT=str(port))
        await line(up, "access")
        await line(await sh.begin(at(ANSWER, port)), 'data: {"symbol":"AAPL","price"')
        assert venue.subscribed("/v2/iex") == {"AAPL"}


def with_keys(command: str, env: dict[str, str]) -> str:
    """The command with keys where the README has dots; they go out of the environment."""
    for name in ("ALPACA_PAPER_API_KEY", "ALPACA_PAPER_SECRET_KEY"):
        command = command.replace(f"{name}=…", f"{name}={env.pop(name)}")
    assert "…" not in command.partition("#")[0]
    return command


@made
async def test_both_sides_run_apart(valkey_url: str) -> None:
    """A local Alpaca, ingest and two apis, by the README's own lines, beside a Redis."""
    install, redis, ingest, api = APART
    assert (install, redis) == ("pip install .", "export REDIS_URL=redis://localhost:6379")
    venue, port = str(free_port()), free_port()
    async with shell(ROOT, REDIS_URL=valkey_url) as sh:
        simulated = await sh.begin(SIMULATE.replace("8100", venue))
        await line(simulated, f":{venue}")
        await sh.begin(f"{EXPORT.replace('8100', venue)}; {ingest.split('… ')[-1]}")
        await sh.begin(f"{api.partition('#')[0].replace('8000', str(port))}")
        await eventually(lambda: ready(f"http://127.0.0.1:{port}"), "the api")
        await line(await sh.begin(at(ANSWER, port)), 'data: {"symbol":"AAPL","price"')
        several = free_port()
        await sh.begin(WORKERS.replace("4", "2"), PORT=str(several))
        await eventually(lambda: ready(f"http://127.0.0.1:{several}"), "the workers")
        await line(await sh.begin(at(ANSWER, several)), 'data: {"symbol":"AAPL","price"')


@made
async def test_a_tape_is_the_feed(tmp_path: Path) -> None:
    """`tape.jsonl` in the folder in which the command is run."""
    written(tmp_path, *(trade("AAPL", step, 100 + step) for step in range(2000)))
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    port = free_port()
    async with shell(tmp_path) as sh:
        await line(await sh.begin(REPLAY, PORT=str(port)), "access")
        await line(await sh.begin(at(ANSWER, port)), 'data: {"symbol":"AAPL","price"')


@pytest.mark.long
async def test_a_clean_clone_starts_as_shown(tmp_path: Path) -> None:
    """From nothing: the virtual environment, the packages, the dashboard."""
    clone = await cloned(tmp_path)
    await starts_as_shown(clone, 600)
    assert (clone / "src" / "tapecast" / "api" / "static" / "index.html").is_file()


@pytest.mark.long
async def test_a_clean_clone_is_installed_by_pip(tmp_path: Path) -> None:
    """`pip install .`, and both commands are there."""
    clone = await cloned(tmp_path)
    async with shell(clone) as sh:
        await sh.run("python3 -m venv .venv", 120)
        await sh.run(APART[0], 600)
        assert "tapecast" in await sh.run("tapecast ingest --help && tapecast api --help")


@pytest.mark.long
@NEEDED
@pytest.mark.browser
@pytest.mark.skipif(shutil.which("npm") is None, reason="no npm on the PATH")
async def test_a_react_page_is_made_from_the_readme(tmp_path: Path) -> None:
    """A new page with the client packed from the clone, and the README's component in it, is live."""
    clone = await cloned(tmp_path)
    component = re.search(r"^```jsx\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    assert component
    async with shell(clone) as sh, serving("up") as up:
        for command in REACT.splitlines():
            await sh.run(command, 300)
        (clone / "prices" / "src" / "App.jsx").write_text(component[1], "utf-8")
        assert "built in" in await sh.run("npm --prefix prices run build", 120, VITE_TAPECAST_URL=up.base)
        await shows_live_prices(clone / "prices" / "dist")


async def cloned(folder: Path) -> Path:
    """What is committed, and nothing else."""
    clone = folder / "tapecast"
    async with shell(folder) as sh:
        await sh.run(f"git clone -q {ROOT} {clone}")
    return clone
