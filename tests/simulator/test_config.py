"""What can be chosen."""

from __future__ import annotations

from pathlib import Path

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


@pytest.mark.parametrize("speed", [0, -1, float("nan"), 1e7])
def test_a_tape_has_a_speed(speed: float) -> None:
    """Standing still is another option."""
    with pytest.raises(SettingsError, match="speed"):
        SimulatorConfig(speed=speed)


def test_a_tape_and_a_still_market_exclude_each_other() -> None:
    """One of them would be ignored."""
    with pytest.raises(SettingsError, match="still"):
        SimulatorConfig(still=True, tape=Path("tape.jsonl"))


@pytest.mark.parametrize("calls", [0, -1])
def test_some_calls_must_be_allowed(calls: int) -> None:
    """A host that takes none is a fault, and has a switch."""
    with pytest.raises(SettingsError, match="calls a minute"):
        SimulatorConfig(calls_per_minute=calls)


def test_a_bad_fault_is_told_before_anything_starts() -> None:
    """By name."""
    with pytest.raises(SettingsError, match="--fault silent=hello: "):
        SimulatorConfig(faults=("upgrade=429", "silent=hello"))
