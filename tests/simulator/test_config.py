"""What can be chosen."""

from __future__ import annotations

import pytest

from tapecast.errors import SettingsError
from tapecast.simulator.config import SimulatorConfig


@pytest.mark.parametrize("rate", [0, -1, float("nan"), 1001])
def test_a_rate_that_no_market_has_is_refused(rate: float) -> None:
    """The message names it."""
    with pytest.raises(SettingsError, match="rate"):
        SimulatorConfig(rate=rate)


def test_a_plan_without_symbols_is_refused() -> None:
    """A limit of zero would refuse everything."""
    with pytest.raises(SettingsError, match="symbol limit"):
        SimulatorConfig(symbol_limit=0)


def test_both_halves_of_the_key_must_fit() -> None:
    """Anything else, and nothing, is refused."""
    config = SimulatorConfig(key="k", secret="s")
    assert config.accepts("k", "s")
    assert not any(config.accepts(*pair) for pair in (("k", "x"), ("x", "s"), (None, None), ("s", "k")))


def test_the_secret_does_not_show() -> None:
    """Somebody may use a real one by mistake."""
    assert "hush" not in repr(SimulatorConfig(secret="hush"))
