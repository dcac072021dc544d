"""Which of the venue's sockets serves a market, and under which name its prices go.

alpaca-py makes the connection, its headers and its handshake; everything that it would do by default and that
hurts a long-lived service is set here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from alpaca.data.live import CryptoDataStream, OptionDataStream, StockDataStream
from alpaca.data.live.websocket import DataStream
from pydantic import SecretStr

from tapecast.errors import SettingsError
from tapecast.market import Market
from tapecast.settings import Settings

HOST: Final = "wss://stream.data.alpaca.markets"
_STOCK_PATHS: Final = {
    "iex": "/v2/iex",
    "sip": "/v2/sip",
    "delayed_sip": "/v2/delayed_sip",
    "boats": "/v1beta1/boats",
    "overnight": "/v1beta1/overnight",
    "test": "/v2/test",
}
# These trade while the exchanges are closed, so the exchanges' clock says nothing about them.
_OWN_HOURS: Final = frozenset({"boats", "overnight", "test"})
_CRYPTO_PATH: Final = "/v1beta3/crypto/us"
INDICATIVE: Final = "indicative"
"""The free plan's option prices: late trades, and quotes that are derived. OPRA's own need another plan."""
OPRA: Final = "opra"
_OPTIONS_PATH: Final = f"/v1beta1/{INDICATIVE}"
_STREAMS: Final[dict[Market, type[StockDataStream | CryptoDataStream | OptionDataStream]]] = {
    Market.US_EQUITY: StockDataStream,
    Market.CRYPTO: CryptoDataStream,
    Market.US_OPTION: OptionDataStream,
}

WEBSOCKET_PARAMS: Final[dict[str, Any]] = {
    # We ping ourselves: the library's pong may be three minutes late before it minds.
    "ping_interval": None,
    "ping_timeout": None,
    # Several waits of closing are this long each: a frozen peer took 30 s with the library's 10.
    "close_timeout": 1,
    "open_timeout": 5,
    # This dict replaces alpaca-py's own, and without the line 32 frames would be the most that wait.
    "max_queue": 1024,
    # Bursts of a big feed exceed the library's 1 MiB, which ends the session (1009).
    "max_size": 2**24,
}


@dataclass(frozen=True)
class Endpoint:
    """One socket of the venue."""

    market: Market
    # The `feed` field of its ticks.
    name: str
    # Complete, with path: `url_override` is the only way to the feeds that alpaca-py's enum does not know.
    url: str
    # Whether the exchanges' clock says when this market is closed.
    has_hours: bool
    key: SecretStr
    secret: SecretStr

    def stream(self) -> DataStream:
        """A new, unconnected alpaca-py stream; one for each dial, so that no state survives a session."""
        return _STREAMS[self.market](
            self.key.get_secret_value(),
            self.secret.get_secret_value(),
            raw_data=True,
            url_override=self.url,
            websocket_params=dict(WEBSOCKET_PARAMS),
        )


def keys(settings: Settings) -> tuple[SecretStr, SecretStr]:
    """Key and secret. Raises SettingsError where they are missing."""
    if settings.alpaca_key is None or settings.alpaca_secret is None:
        raise SettingsError("ALPACA_PAPER_API_KEY and ALPACA_PAPER_SECRET_KEY are not set")
    return settings.alpaca_key, settings.alpaca_secret


def endpoints(settings: Settings) -> list[Endpoint]:
    """The endpoints that this service dials, in the order in which it does."""
    return [_stocks(settings), _crypto(settings), _options(settings)]


def options_feed(settings: Settings) -> str:
    """Which of the two option feeds the options stream is: they share names, and REST has to be told."""
    url = settings.alpaca_options_stream_url or ""
    return OPRA if url.rstrip("/").endswith(f"/{OPRA}") else INDICATIVE


def _stocks(settings: Settings) -> Endpoint:
    feed = settings.alpaca_feed
    return Endpoint(
        Market.US_EQUITY,
        _name(settings, feed),
        _url(settings, settings.alpaca_stream_url, _STOCK_PATHS[feed]),
        feed not in _OWN_HOURS,
        *keys(settings),
    )


def _crypto(settings: Settings) -> Endpoint:
    return Endpoint(
        Market.CRYPTO,
        _name(settings, "crypto"),
        _url(settings, settings.alpaca_crypto_stream_url, _CRYPTO_PATH),
        False,
        *keys(settings),
    )


def _options(settings: Settings) -> Endpoint:
    return Endpoint(
        Market.US_OPTION,
        _name(settings, options_feed(settings)),
        _url(settings, settings.alpaca_options_stream_url, _OPTIONS_PATH),
        True,
        *keys(settings),
    )


def _name(settings: Settings, feed: str) -> str:
    return "simulated" if settings.feed == "simulated" else feed


def _url(settings: Settings, override: str | None, path: str) -> str:
    # Real prices under the name of simulated ones would be believed by nobody, and should never exist.
    if override is None and settings.feed == "simulated":
        raise SettingsError(
            "FEED=simulated needs ALPACA_STREAM_URL, ALPACA_CRYPTO_STREAM_URL and ALPACA_OPTIONS_STREAM_URL "
            "of a simulator; `tapecast simulate --print-env` prints them"
        )
    return override or HOST + path
