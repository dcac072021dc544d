"""Which socket serves which market."""

from __future__ import annotations

import pytest
from alpaca.data.live import CryptoDataStream, OptionDataStream, StockDataStream

from tapecast.errors import SettingsError
from tapecast.feeds.alpaca.endpoint import endpoints, keys, options_feed
from tapecast.market import Market
from tapecast.settings import load

KEYS = {"ALPACA_PAPER_API_KEY": "the-key", "ALPACA_PAPER_SECRET_KEY": "the-secret"}
HOST = "wss://stream.data.alpaca.markets"
LOCAL = {
    "ALPACA_STREAM_URL": "ws://localhost:1/v2/iex",
    "ALPACA_CRYPTO_STREAM_URL": "ws://localhost:1/crypto",
    "ALPACA_OPTIONS_STREAM_URL": "ws://localhost:1/options",
}


@pytest.mark.parametrize(
    ("feed", "path", "has_hours"),
    [
        ("iex", "/v2/iex", True),
        ("sip", "/v2/sip", True),
        ("delayed_sip", "/v2/delayed_sip", True),
        ("boats", "/v1beta1/boats", False),
        ("overnight", "/v1beta1/overnight", False),
        ("test", "/v2/test", False),
    ],
)
def test_each_stock_feed_has_its_url(feed: str, path: str, has_hours: bool) -> None:
    """Every feed of the setting can be dialled, those too that alpaca-py's enum refuses."""
    stocks, crypto, options = endpoints(load(KEYS | {"ALPACA_FEED": feed}))
    assert (stocks.market, stocks.name, stocks.url) == (Market.US_EQUITY, feed, HOST + path)
    assert stocks.has_hours is has_hours
    assert stocks.stream()._endpoint == HOST + path
    assert (crypto.market, crypto.name, crypto.has_hours) == (Market.CRYPTO, "crypto", False)
    assert (options.market, options.name, options.has_hours) == (Market.US_OPTION, "indicative", True)


@pytest.mark.parametrize(
    ("url", "feed"),
    [
        (None, "indicative"),
        (f"{HOST}/v1beta1/indicative", "indicative"),
        (f"{HOST}/v1beta1/opra", "opra"),
        (f"{HOST}/v1beta1/opra/", "opra"),
        ("ws://proxy/options", "indicative"),
    ],
)
def test_the_options_url_says_which_feed_it_is(url: str | None, feed: str) -> None:
    """Ticks carry its name, and REST is asked for the same one."""
    settings = load(KEYS | ({"ALPACA_OPTIONS_STREAM_URL": url} if url else {}))
    assert options_feed(settings) == feed
    assert endpoints(settings)[2].name == feed


def test_urls_of_the_settings_win() -> None:
    """A proxy or a local Alpaca is dialled as it is written."""
    assert [each.url for each in endpoints(load(KEYS | LOCAL))] == list(LOCAL.values())


def test_simulated_prices_are_called_so() -> None:
    """No tick of a simulator goes under the name of a real feed."""
    assert {each.name for each in endpoints(load(KEYS | LOCAL | {"FEED": "simulated"}))} == {"simulated"}


def test_the_real_venue_is_never_called_simulated() -> None:
    """Simulated without a simulator's URL does not start."""
    with pytest.raises(SettingsError, match="ALPACA_CRYPTO_STREAM_URL"):
        endpoints(load(KEYS | {"FEED": "simulated"}))


def test_missing_keys_are_named() -> None:
    """Without keys the message says which."""
    with pytest.raises(SettingsError, match="ALPACA_PAPER_API_KEY"):
        keys(load({}))


def test_the_stream_is_alpaca_py_with_our_limits() -> None:
    """alpaca-py's stream of the market, raw, with every socket parameter that it would leave out."""
    stocks, crypto, options = (each.stream() for each in endpoints(load(KEYS)))
    assert isinstance(stocks, StockDataStream)
    assert isinstance(crypto, CryptoDataStream)
    assert isinstance(options, OptionDataStream)
    assert stocks._raw_data
    assert stocks._websocket_params.keys() == {
        "ping_interval",
        "ping_timeout",
        "close_timeout",
        "open_timeout",
        "max_queue",
        "max_size",
    }


def test_an_endpoint_shows_no_secret() -> None:
    """Its repr may be logged."""
    assert "the-" not in repr(endpoints(load(KEYS)))


@pytest.mark.parametrize("name", ["_connect", "_auth", "_ws", "close", "_endpoint", "_websocket_params"])
def test_alpaca_py_still_has_the_names_that_we_use(name: str) -> None:
    """The contract with a library's private side: an upgrade that renames one fails here first."""
    assert hasattr(endpoints(load(KEYS))[0].stream(), name)
