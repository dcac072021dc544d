"""Each value is checked where it is set, and an error never quotes what may be a secret."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from tapecast.values import FeedChoice, Origin, RedisUrl, RestUrl, Secret, StreamUrl, Symbol

GOOD = [
    (Symbol, "brk.b", "BRK.B"),
    (Symbol, "BTC/USD", "BTC/USD"),
    (FeedChoice, "Alpaca", "alpaca"),
    (FeedChoice, "SIMULATED", "simulated"),
    (FeedChoice, "Replay: /Tapes/One.jsonl", "replay:/Tapes/One.jsonl"),
    (Origin, "*", "*"),
    (Origin, "https://Example.com/", "https://example.com"),
    (Origin, "http://localhost:5173", "http://localhost:5173"),
    (Origin, "capacitor://localhost", "capacitor://localhost"),
    (StreamUrl, "wss://stream.data.alpaca.markets/v2/iex", "wss://stream.data.alpaca.markets/v2/iex"),
    (StreamUrl, "ws://127.0.0.1:8100/v2/iex", "ws://127.0.0.1:8100/v2/iex"),
    (RestUrl, "https://data.alpaca.markets/", "https://data.alpaca.markets/"),
]
BAD = [
    (Symbol, "AA PL"), (Symbol, "AAPL\n"), (Symbol, ""),
    (FeedChoice, "binance"), (FeedChoice, "replay"), (FeedChoice, "replay: "), (FeedChoice, "alpaca:x"),
    (Origin, "example.com"), (Origin, "https://example.com/page"), (Origin, "https://"), (Origin, "://x"),
    (Origin, "**"),
    (StreamUrl, "https://example.com/v2/iex"), (StreamUrl, "ws:///v2/iex"), (StreamUrl, "ws://host:port/"),
    (StreamUrl, "host"),
    (RestUrl, "https://data.alpaca.markets/v2"), (RestUrl, "https://data.alpaca.markets/v2/"),
    (RestUrl, "wss://data.alpaca.markets"), (RestUrl, "https://"), (RestUrl, "http://[::1"),
]  # fmt: skip
BAD_REDIS = [
    "localhost:6379", "http://:hunter2@host", "redis://:hunter2/x@host:6379", "redis://:hunter2#x@host:6379",
    "redis://:x@host:hunter2", "rediss://[hunter2", "hunter2",
]  # fmt: skip


def check(kind: Any, value: str) -> Any:
    """The value as the type takes it."""
    return TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(("kind", "value", "taken"), GOOD)
def test_a_good_value_is_taken_in_its_plain_form(kind: Any, value: str, taken: str) -> None:
    """Symbols are upper-cased, origins written as browsers send them."""
    assert check(kind, value) == taken


@pytest.mark.parametrize(("kind", "value"), BAD)
def test_a_bad_value_is_refused(kind: Any, value: str) -> None:
    """At the start, not when it is first needed."""
    with pytest.raises(ValidationError):
        check(kind, value)


@pytest.mark.parametrize(
    "url",
    ["redis://localhost:6379/0", "rediss://user:p%2Fw@host", "unix:///run/redis.sock", "redis://:p@w@host"],
)
def test_a_redis_url_is_kept_secret_as_a_whole(url: str) -> None:
    """A password may be in it."""
    taken = check(RedisUrl, url)
    assert taken.get_secret_value() == url
    assert url not in repr(taken) + str(taken)


@pytest.mark.parametrize("url", BAD_REDIS)
def test_the_error_of_a_bad_redis_url_does_not_quote_it(url: str) -> None:
    """A slash in a password makes the parser take the password for a port, and name it."""
    with pytest.raises(ValidationError) as caught:
        check(RedisUrl, url)
    assert "hunter2" not in caught.value.errors()[0]["msg"]


@pytest.mark.parametrize("secret", ["hunter2 x", "hunter2\nx", "“hunter2”", "hunter2\x7f"])
def test_a_secret_that_no_header_can_carry_is_refused_unseen(secret: str) -> None:
    """The HTTP library's own error would print it."""
    with pytest.raises(ValidationError) as caught:
        check(Secret, secret)
    assert "hunter2" not in caught.value.errors()[0]["msg"]


def test_a_secret_of_any_printable_character_is_taken() -> None:
    """Tokens are not only letters."""
    assert check(Secret, "a-B_9+/=~$'\"").get_secret_value() == "a-B_9+/=~$'\""
