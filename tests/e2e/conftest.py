"""What most end-to-end tests of the fan-out stand on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from tapecast.bus.connection import Bus
from tests.e2e.processes import Child, serving
from tests.e2e.ticker import Ticker, ticking


@pytest.fixture
async def ticker(bus: Bus, request: pytest.FixtureRequest) -> AsyncIterator[Ticker]:
    """The test module's SYMBOLS, live, each with a price."""
    async with ticking(bus, request.module.SYMBOLS) as ticker:
        yield ticker


@pytest.fixture
async def api(valkey_url: str) -> AsyncIterator[Child]:
    """An api in a process of its own."""
    async with serving("api", env={"REDIS_URL": valkey_url}) as child:
        yield child
        assert "Traceback" not in child.output


@pytest.fixture(scope="module")
def simulated() -> Iterator[str]:
    """The address of a `tapecast up` for all tests of the module, which only look."""
    with asyncio.Runner() as runner:
        context = serving("up", env={"KEEPALIVE_S": "1"})
        child = runner.run(context.__aenter__())
        yield child.base
        output = child.output
        runner.run(context.__aexit__(None, None, None))
    assert "Traceback" not in output


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Print past the capture: the counts of a drill are part of its result."""

    def printed(text: str) -> None:
        with capsys.disabled():
            print(text)  # noqa: T201

    return printed
