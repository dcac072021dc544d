"""A user's rights and our names are looked at when we start, and the documented minimum is enough."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tapecast.bus.connection import Bus, open_bus, require
from tapecast.bus.fence import Fence, Write
from tapecast.bus.lease import Lease
from tapecast.errors import BusRefused, StartError

DEPLOY = Path(__file__).parents[2] / "docs" / "deploy.md"


def _rule() -> list[str]:
    found = re.search(r"^ACL SETUSER tapecast (.*)$", DEPLOY.read_text("utf-8"), re.MULTILINE)
    assert found
    return found[1].replace("PASSWORD", "right").split()


async def _user(bus: Bus, rule: list[str]) -> None:
    await bus.redis.execute_command("ACL", "SETUSER", "tapecast", "reset", *rule)  # type: ignore[no-untyped-call]


async def test_the_documented_user_can_do_all(bus: Bus, valkey_url: str) -> None:
    """Start, lease and fenced publish pass under its own prefix."""
    await _user(bus, _rule())
    async with open_bus(valkey_url.replace("://", "://tapecast:right@"), "tape:") as guest:
        await require(guest)
        lease = Lease(guest, "us_equity", "me")
        assert await lease.acquire()
        key = guest.keys.price("AAPL")
        await Fence(guest, lease).write([Write(key, b"1", guest.keys.last("AAPL"), "tape:price:AAPL")], 5, 60)
        await lease.renew()
        await lease.release()


@pytest.mark.parametrize(
    ("lacks", "named"),
    [("-set", "SET tape:"), ("-zadd", "ZADD"), ("-zrange", "ZRANGE"), ("-pttl", "PTTL"),
     ("-evalsha", "EVALSHA"), ("-publish", "PUBLISH channel tape:"),
     ("-subscribe", "SUBSCRIBE channel tape:"), ("-time", "TIME"), ("-info", "INFO"),
     ("-ping", "PING"), ("resetkeys", "SET tape:"), ("resetchannels", "PUBLISH channel tape:")],
)  # fmt: skip
async def test_a_missing_right_is_named(bus: Bus, valkey_url: str, lacks: str, named: str) -> None:
    """The start ends with the command and the key or channel."""
    await _user(bus, [*_rule(), lacks])
    async with open_bus(valkey_url.replace("://", "://tapecast:right@"), "tape:") as guest:
        with pytest.raises(StartError, match=named):
            await require(guest)


@pytest.mark.parametrize(
    "family", ["price", "last", "beat", "lease", "epoch", "origin", "interest", "account"]
)
async def test_a_family_of_keys_that_may_only_be_read_is_named(
    bus: Bus, valkey_url: str, family: str
) -> None:
    """A user without `price:*` would else own the market, look live, and write nothing."""
    # `account` is a name of its own and no family; what stands there is left as it is.
    families = ["price", "last", "beat", "lease", "epoch", "origin", "interest", "status", "account"]
    patterns = [f"~tape:{name}*" for name in families if name != family]
    await _user(bus, [*_rule(), "resetkeys", *patterns, f"%R~tape:{family}*"])
    async with open_bus(valkey_url.replace("://", "://tapecast:right@"), "tape:") as guest:
        with pytest.raises(StartError, match=f"SET tape:{family}"):
            await require(guest)


@pytest.mark.parametrize(
    "name", ["interest", "status:ingest", "account", "lease:us_equity", "epoch:crypto", "beat:us_option"]
)
async def test_a_key_of_another_program_is_named(bus: Bus, name: str) -> None:
    """Every read of it would fail, for ever, and nobody would know why."""
    await bus.redis.hset(name, "field", "value")
    with pytest.raises(StartError, match=rf"{name} of another program.*REDIS_PREFIX"):
        await require(bus)


async def test_what_we_wrote_ourselves_is_no_other_programs(bus: Bus) -> None:
    """A restart finds the keys of the run before."""
    lease = Lease(bus, "us_equity", "me")
    assert await lease.acquire()
    await bus.redis.zadd("status:api", {"b": 1})
    await require(bus)


async def test_a_key_that_another_program_writes_later_has_a_reason(bus: Bus) -> None:
    """So that a feed can say it, instead of blaming the worker."""
    await bus.redis.hset("interest", "field", "value")
    with pytest.raises(BusRefused, match="REDIS_PREFIX") as refused:
        async with bus.asking() as redis:
            await redis.zadd("interest", {"b": 1})
    assert refused.value.reason == "cache_foreign"
