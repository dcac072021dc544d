"""The paths of the data stream, what trades on each, and what can be subscribed there."""

from __future__ import annotations

from typing import Final

from tapecast.market import Market

STOCK_PATH: Final = "/v2/iex"
CRYPTO_PATH: Final = "/v1beta3/crypto/us"
OPTION_PATH: Final = "/v1beta1/indicative"
PATHS: Final = {
    STOCK_PATH: Market.US_EQUITY,
    "/v2/sip": Market.US_EQUITY,
    "/v2/delayed_sip": Market.US_EQUITY,
    "/v2/test": Market.US_EQUITY,
    "/v1beta1/boats": Market.US_EQUITY,
    "/v1beta1/overnight": Market.US_EQUITY,
    CRYPTO_PATH: Market.CRYPTO,
    "/v1beta3/crypto/us-1": Market.CRYPTO,
    "/v1beta3/crypto/eu-1": Market.CRYPTO,
    OPTION_PATH: Market.US_OPTION,
    "/v1beta1/opra": Market.US_OPTION,
}
"""Every path of data, and what trades on it. All paths of a market show the same market."""

TRADING_PATH: Final = "/stream"
"""Of the trading host: what happens to orders."""
STREAMS: Final = (*PATHS, TRADING_PATH)
"""Every path that is a WebSocket."""

CHANNELS: Final = {
    Market.US_EQUITY: ("trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds"),
    Market.CRYPTO: ("trades", "quotes", "orderbooks", "bars", "updatedBars", "dailyBars"),
    Market.US_OPTION: ("trades", "quotes"),
}
