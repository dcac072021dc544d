"""A pit for the tests of the paper account's parts."""

from __future__ import annotations

import pytest

from tests.simulator.paper.pit import Pit


@pytest.fixture
def pit() -> Pit:
    """One where AAPL is quoted at 270.99 to 271.01, 100 shares each."""
    made = Pit()
    made.trade("AAPL", "271")
    made.quote("AAPL", "270.99", "271.01")
    return made
