"""One Valkey for the whole run, empty for each test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from tapecast.bus.connection import Bus, open_bus
from tapecast.bus.embedded import embedded_valkey
from tests.again import pytest_runtest_protocol as pytest_runtest_protocol  # noqa: PLC0414 - a hook
from tests.again import pytest_terminal_summary as pytest_terminal_summary  # noqa: PLC0414 - a hook
from tests.stalls import stalls

# However slow this machine is at the moment, and the same examples each time: a run that fails is to say
# something of what was changed. Others are for the drills.
settings.register_profile(
    "tests", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tests")


@pytest.fixture(scope="session", autouse=True)
def watched() -> Iterator[None]:
    """Whether this machine stands still is watched for the whole run."""
    stalls.start()
    yield
    stalls.stop()


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[str]:
    """The URL of a real Valkey that lives as long as the test run."""
    with asyncio.Runner() as runner:
        context = embedded_valkey()
        valkey = runner.run(context.__aenter__())
        yield valkey.url
        runner.run(context.__aexit__(None, None, None))


@pytest.fixture
async def valkey_url(valkey_server: str) -> str:
    """The URL of an empty Valkey."""
    async with open_bus(valkey_server) as bus:
        await bus.redis.flushall()
    return valkey_server


@pytest.fixture
async def bus(valkey_url: str) -> AsyncIterator[Bus]:
    """An open bus on an empty Valkey."""
    async with open_bus(valkey_url) as opened:
        yield opened
