"""A running simulator for the tests of its parts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tapecast.simulator.server import Simulator, SimulatorConfig, simulator
from tests.support import free_socket


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    """A simulator as it comes."""
    async with simulator(SimulatorConfig(), free_socket()) as running:
        yield running


@pytest.fixture
async def still() -> AsyncIterator[Simulator]:
    """One whose market moves only by hand."""
    async with simulator(SimulatorConfig(still=True), free_socket()) as running:
        yield running
