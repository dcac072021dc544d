"""A user's rights are tried at the start, and the documented minimum is enough."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tapecast.bus.connection import Bus, open_bus, require
from tapecast.bus.fence import Fence, Write
from tapecast.bus.lease import Lease
from tapecast.bus.rights import clock_offset
from tapecast.errors import StartError

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
    [("-set", "SET tape:"), ("-zadd", "ZADD"), ("-evalsha", "EVALSHA"), ("-publish", "PUBLISH channel tape:"),
     ("-subscribe", "SUBSCRIBE channel tape:"), ("-time", "TIME"), ("-info", "INFO"),
     ("resetkeys", "SET tape:"), ("resetchannels", "PUBLISH channel tape:")],
)  # fmt: skip
async def test_a_missing_right_is_named(bus: Bus, valkey_url: str, lacks: str, named: str) -> None:
    """The start ends with the command and the key or channel."""
    await _user(bus, [*_rule(), lacks])
    async with open_bus(valkey_url.replace("://", "://tapecast:right@"), "tape:") as guest:
        with pytest.raises(StartError, match=named):
            await require(guest)


async def test_the_clock_is_compared(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A clock ten seconds ahead of ours is said."""
    assert abs(await clock_offset(bus.redis)) < 2
    assert not caplog.records
    real = __import__("time").time
    monkeypatch.setattr("tapecast.bus.rights.time.time", lambda: real() - 10)
    assert await clock_offset(bus.redis) > 9
    assert "clock_off" in caplog.text
