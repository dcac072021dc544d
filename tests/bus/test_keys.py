"""Every name is written down, none is another's, and databases and prefixes never share a channel."""

from __future__ import annotations

import inspect
import re

import pytest

from tapecast.bus import keys as module
from tapecast.bus.keys import (
    BEAT_EVERY_S,
    BEAT_TTL_S,
    INTEREST_REFRESH_S,
    INTEREST_TTL_S,
    LAST_TTL_S,
    LEASE_RENEW_S,
    LEASE_TTL_S,
    REFRESH_EVERY_S,
    SIMULATED_LAST_TTL_S,
    STATUS_REFRESH_S,
    STATUS_TTL_S,
    Keys,
)
from tapecast.market import Market
from tapecast.settings import Settings

SYMBOLS = ["AAPL", "BRK.B", "BTC/USD", "AAPL240119C00100000"]


def names(keys: Keys) -> dict[str, str]:
    """What each method makes, as the table of the module spells it."""
    return {
        "price:<symbol>": keys.price("<symbol>"),
        "last:<symbol>": keys.last("<symbol>"),
        "beat:<market>": keys.beat(Market.CRYPTO).replace("crypto", "<market>"),
        "lease:<market>": keys.lease("<market>"),
        "epoch:<market>": keys.epoch("<market>"),
        "origin:<market>": keys.origin(Market.CRYPTO).replace("crypto", "<market>"),
        "interest": keys.interest_index(),
        "interest:<replica>": keys.interest("<replica>"),
        "status:<role>": keys.status_index("<role>"),
        "status:<role>:<id>": keys.status("<role>", "<id>"),
        "account": keys.account(),
        "account:change": keys.account_change(),
        "bars:<length>:<symbol>": keys.bars("<length>", "<symbol>"),
    }


def test_every_name_is_in_the_table() -> None:
    """The table at the top of the module is what the methods make, row by row."""
    table = re.findall(r"^\| `([^`]+)`", inspect.getdoc(module) or "", re.MULTILINE)
    assert table == list(names(Keys()))
    assert table == list(names(Keys()).values())


def test_every_method_is_tested_here() -> None:
    """A new name brings its row."""
    methods = [name for name in vars(Keys) if not name.startswith("_")]
    assert len(methods) - len(["channel"]) == len(names(Keys()))


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_prices_are_found_by_hand(symbol: str) -> None:
    """`redis-cli GET price:AAPL` works."""
    assert Keys().price(symbol) == f"price:{symbol}"


def test_a_prefix_is_before_every_name() -> None:
    """Two deployments can share a Redis."""
    plain, prefixed = names(Keys()), names(Keys("demo:"))
    assert prefixed == {row: f"demo:{name}" for row, name in plain.items()}


@pytest.mark.parametrize("prefix", ["", "demo:"])
def test_a_key_is_its_own_channel_in_database_zero(prefix: str) -> None:
    """One name to remember."""
    keys = Keys(prefix)
    assert all(keys.channel(name) == name for name in names(keys).values())


def test_a_channel_names_its_database() -> None:
    """Redis channels ignore the database, so two of them would hear one another's prices."""
    assert Keys("demo:", 3).channel(Keys("demo:", 3).price("AAPL")) == "demo:db3:price:AAPL"
    assert Keys("", 3).price("AAPL") == "price:AAPL"


def test_no_two_names_are_alike() -> None:
    """Whatever the prefix and the database, every key and every channel is one thing's."""
    several = [Keys(prefix, database) for prefix in ("", "demo:") for database in (0, 1, 11)]
    channels = [keys.channel(name) for keys in several for name in names(keys).values()]
    assert len(set(channels)) == len(channels)


@pytest.mark.parametrize(
    ("every_s", "ttl_s"),
    [
        (BEAT_EVERY_S, BEAT_TTL_S),
        (REFRESH_EVERY_S, Settings().price_ttl_s),
        (LEASE_RENEW_S, LEASE_TTL_S),
        (INTEREST_REFRESH_S, INTEREST_TTL_S),
        (STATUS_REFRESH_S, STATUS_TTL_S),
    ],
)
def test_one_lost_write_does_not_let_a_key_expire(every_s: float, ttl_s: float) -> None:
    """What is written again and again outlives at least one write that failed."""
    assert 2 * every_s < ttl_s


def test_invented_prices_go_long_before_real_ones() -> None:
    """A demo leaves nothing behind."""
    assert SIMULATED_LAST_TTL_S < LAST_TTL_S
    assert LAST_TTL_S > 4 * 24 * 3600, "the longest closure of the market"
