"""What is served where."""

from __future__ import annotations

from tapecast.market import Market
from tapecast.simulator.paths import CHANNELS, CRYPTO_PATH, OPTION_PATH, PATHS, STOCK_PATH


def test_each_market_has_its_usual_path() -> None:
    """Those that the settings point a service at."""
    usual = {PATHS[STOCK_PATH]: STOCK_PATH, PATHS[CRYPTO_PATH]: CRYPTO_PATH, PATHS[OPTION_PATH]: OPTION_PATH}
    assert usual.keys() == set(Market) == set(PATHS.values())


def test_every_market_has_trades_and_quotes() -> None:
    """Options have nothing else."""
    assert all({"trades", "quotes"} <= set(names) for names in CHANNELS.values())
    assert set(CHANNELS[Market.US_OPTION]) == {"trades", "quotes"}
