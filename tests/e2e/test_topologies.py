"""One small suite over each shape of Redis: the lease, a fenced publish, a link, and the way back."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import quote

import pytest
from redis.crc import key_slot

from tapecast.bus.connection import Bus, open_bus, ping, require
from tapecast.bus.fence import Fence, Write
from tapecast.bus.lease import Lease
from tapecast.bus.link import Link, run_link
from tapecast.errors import BusUnavailable, LeaseLost, StartError
from tests.e2e import topologies
from tests.e2e.certificates import Certificates
from tests.support import eventually, tcp_server

pytestmark = pytest.mark.e2e

DEPLOY = Path(__file__).parents[2] / "docs" / "deploy.md"


async def _works(bus: Bus) -> None:
    """Take the lease, publish under it, hear it and read it, however long the way back takes."""

    async def tried() -> bool:
        try:
            await asyncio.wait_for(_pass(bus), 5)
        except (BusUnavailable, LeaseLost, TimeoutError):
            return False
        return True

    await eventually(tried, "the bus carries a tick", 45)


async def _pass(bus: Bus) -> None:
    heard: asyncio.Queue[tuple[bytes, bytes]] = asyncio.Queue()
    key = bus.keys.price("AAPL")
    channel = bus.keys.channel(key)

    async def body(link: Link) -> None:
        await link.subscribe([channel])
        lease = Lease(bus, "us_equity", "me")
        if not await lease.acquire():
            raise LeaseLost("held")
        await Fence(bus, lease).write([Write(key, b"1", bus.keys.last("AAPL"), channel)], 5, 60)
        assert await heard.get() == (channel.encode(), b"1")
        async with bus.asking() as redis:
            assert await redis.get(key) == await redis.get(bus.keys.last("AAPL")) == b"1"
        await lease.release()

    await run_link(bus, lambda name, data: heard.put_nowait((name, data)), body)


async def test_sentinels_lead_to_the_primary_and_after_its_death_to_the_next() -> None:
    """A killed primary costs seconds; the same bus then works with the promoted replica."""
    async with topologies.watched() as (url, primary, replica), open_bus(url) as bus:
        await require(bus)
        await _works(bus)
        primary.kill()
        await _works(bus)
        assert await replica.ask("GET", bus.keys.last("AAPL")) == b"1"


async def test_a_cluster_is_followed_when_the_slot_moves() -> None:
    """The lease, the script and pub/sub work in one slot, and go where it goes."""
    async with topologies.cluster() as (url, first, second), open_bus(url) as bus:
        await require(bus)
        await _works(bus)
        await topologies.move(key_slot(bus.keys.price("AAPL").encode()), first, second)
        await _works(bus)
        assert await second.ask("GET", bus.keys.last("AAPL")) == b"1"


async def test_sentinels_and_servers_may_have_a_password_each() -> None:
    """The URL carries both; one that is missing or wrong is told apart."""
    async with topologies.watched(password="of-data", sentinel_password="of-sentinels") as (url, *_):
        both = f"{url.replace('://', '://:of-data@')}?sentinel_password=of-sentinels"
        async with open_bus(both) as bus:
            await require(bus)
        for wrong, said in (
            (url.replace("://", "://:of-data@"), "sentinel_password"),
            (f"{both}x", "sentinel_password"),
            (both.replace(":of-data@", ""), "refused the password in REDIS_URL: Authentication required"),
            (both.replace("of-data", "of-dato"), "refused the password in REDIS_URL: invalid"),
        ):
            async with open_bus(wrong) as bus:
                with pytest.raises(StartError, match=said) as caught:
                    await require(bus)
            assert not re.search("of-(data|dato|sentinels)", str(caught.value))


async def test_a_service_that_no_sentinel_watches_is_named() -> None:
    """With what each of them said."""
    async with topologies.watched() as (url, *_), open_bus(f"{url}s") as bus:
        with pytest.raises(BusUnavailable, match=r"no sentinel names a primary: .*; .*watches no tapes"):
            await require(bus)


async def test_one_that_hangs_keeps_nobody_from_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentinel or a node may stand still with its socket open; it is asked last from then on."""
    monkeypatch.setattr("tapecast.bus.discovery.ASK_TIMEOUT_S", 0.8)
    monkeypatch.setattr("tapecast.bus.connection.ANSWER_TIMEOUT_S", 2.0)
    async with AsyncExitStack() as stack:
        hung = [await stack.enter_async_context(tcp_server(_hang)) for _ in range(3)]
        first = ",".join(f"127.0.0.1:{port}" for port in hung)
        for shape in (topologies.watched, topologies.cluster):
            url, *_ = await stack.enter_async_context(shape())
            async with open_bus(url.replace("://", f"://{first},")) as bus:
                with pytest.raises(BusUnavailable, match="did not answer"):
                    await ping(bus)
                await ping(bus)


async def _hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def test_the_documented_user_will_do_in_a_cluster() -> None:
    """With the one right more that docs/deploy.md names, and without it that right is named."""
    found = re.search(r"^ACL SETUSER tapecast (.*)$", DEPLOY.read_text("utf-8"), re.MULTILINE)
    assert found
    rule = found[1].replace("PASSWORD", "right").replace("tape:*", "{tape:}*").split()
    async with topologies.cluster() as (url, *nodes):
        guest = url.replace("://", "://tapecast:right@")
        for node in nodes:
            await node.ask("ACL", "SETUSER", "tapecast", *rule)
        async with open_bus(guest, "tape:") as bus:
            with pytest.raises(StartError, match=r"cluster\|slots"):
                await require(bus)
        for node in nodes:
            await node.ask("ACL", "SETUSER", "tapecast", "+cluster|slots")
        async with open_bus(guest, "tape:") as bus:
            await require(bus)
            await _works(bus)


async def test_sentinels_and_clusters_will_do_over_tls(tmp_path: Path) -> None:
    """Whoever is asked, and whoever they name."""
    certificates = Certificates(tmp_path)
    options = f"?ssl_ca_certs={quote(str(certificates.ca))}"
    for shape in (topologies.watched, topologies.cluster):
        async with shape(tls=certificates) as (url, *_):
            secure = url.replace("redis+", "rediss+")
            async with open_bus(secure + options) as bus:
                await require(bus)
                await _works(bus)
            async with open_bus(secure) as bus:
                with pytest.raises(StartError, match="self-signed certificate"):
                    await require(bus)
