"""A pit for the tests of the paper account's parts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tapecast.simulator.server import Simulator
from tests.simulator.client import HEADERS
from tests.simulator.paper.desk import Trader, trading
from tests.simulator.paper.pit import Pit


@pytest.fixture
def pit() -> Pit:
    """One where AAPL is quoted at 270.99 to 271.01, 100 shares each."""
    made = Pit()
    made.trade("AAPL", "271")
    made.quote("AAPL", "270.99", "271.01")
    return made


@pytest.fixture
async def trader(still: Simulator) -> AsyncIterator[Trader]:
    """A client and its stream; AAPL is quoted at 270.99 to 271.01, 100 shares each."""
    still.trade("AAPL", 271)
    still.quote("AAPL", 270.99, 271.01)
    async with trading(still) as one:
        yield one


@pytest.fixture
async def http(still: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    """A plain client with the right keys."""
    async with httpx.AsyncClient(base_url=still.base, headers=HEADERS) as client:
        yield client
