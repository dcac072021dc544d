"""Opening Redis: what is wrong with it is said with what to do."""

from __future__ import annotations

import asyncio

import pytest

from tapecast.bus import embedded
from tapecast.bus.connection import Bus, open_bus, ping, require
from tapecast.errors import BusRefused, BusUnavailable, StartError
from tests.support import eventually, free_port, tcp_server


async def test_a_good_one_passes(bus: Bus) -> None:
    """A Valkey that answers is enough."""
    await require(bus)
    await ping(bus)


async def test_one_that_is_away_is_named_without_its_password() -> None:
    """Host and port are in the message, the password is not."""
    port = free_port()
    async with open_bus(f"redis://user:hunter2@127.0.0.1:{port}/1") as bus:
        assert bus.place == f"127.0.0.1:{port}/1"
        with pytest.raises(BusUnavailable, match=f"127.0.0.1:{port}/1: ") as caught:
            await require(bus)
        with pytest.raises(BusUnavailable):
            await ping(bus)
    assert "hunter2" not in str(caught.value)


async def test_a_wrong_password_is_said(bus: Bus, valkey_url: str) -> None:
    """The message points at REDIS_URL."""
    await bus.redis.acl_setuser("guest", enabled=True, passwords=["+right"], commands=["+@all"])
    async with open_bus(valkey_url.replace("://", "://guest:wrong@")) as guest:
        with pytest.raises(StartError, match="refused the password in REDIS_URL") as caught:
            await require(guest)
    await bus.redis.acl_deluser("guest")
    assert "wrong" not in str(caught.value).replace("WRONGPASS", "")


async def test_one_that_is_too_old_is_said() -> None:
    """A Redis before 6.2 is refused at the start, with its version."""
    version = b"redis_version:5.0.7\r\n"

    async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            for command in data.split(b"*")[1:]:
                info = b"\r\nINFO\r\n" in command
                writer.write(b"$%d\r\n%s\r\n" % (len(version), version) if info else b"+OK\r\n")

    async with tcp_server(old) as port, open_bus(f"redis://127.0.0.1:{port}") as bus:
        with pytest.raises(StartError, match=r"is 5\.0\.7; tapecast needs 6\.2"):
            await require(bus)


async def test_a_url_that_is_none_is_said() -> None:
    """A port that is no number is a message, not a traceback."""
    with pytest.raises(StartError, match="REDIS_URL"):
        async with open_bus("redis://localhost:port"):
            pass


@pytest.mark.parametrize(
    ("url", "place"),
    [("redis://h", "h:6379"), ("rediss://:p@h:1/2", "h:1/2"), ("unix:///run/r.sock", "/run/r.sock")],
)
async def test_place_is_for_people(url: str, place: str) -> None:
    """It says where, and keeps secrets."""
    async with open_bus(url) as bus:
        assert bus.place == place


async def test_a_cancellation_is_never_lost(valkey_url: str) -> None:
    """At whatever step of a call a task is cancelled, it ends: else SIGTERM would hang now and then."""
    for steps in range(40):
        async with open_bus(valkey_url) as bus:

            async def ask(bus: Bus = bus) -> None:
                async with bus.asking() as redis, redis.pipeline(transaction=False) as pipe:
                    pipe.get("x")
                    await pipe.execute()

            task = asyncio.create_task(ask())
            for _ in range(steps):
                await asyncio.sleep(0)
            if task.done():
                break
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled(), f"after {steps} steps"


async def test_a_unix_socket_will_do(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A Redis on the same machine needs no port."""
    folder = tmp_path_factory.mktemp("v")
    path = folder / "valkey.sock"
    server = await asyncio.create_subprocess_exec(
        embedded._binary(), "--port", "0", "--unixsocket", path, "--dir", folder, "--save", "",
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await eventually(path.exists)
        async with open_bus(f"unix://{path}") as bus:

            async def answers() -> bool:
                try:
                    await require(bus)
                except BusUnavailable:
                    return False
                return True

            await eventually(answers)
    finally:
        server.terminate()
        await server.wait()


async def test_what_is_not_a_redis_or_has_no_such_database_is_said_at_once(valkey_url: str) -> None:
    """Waiting would not help, so the start does not wait."""

    async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        await reader.read(4096)

    async with tcp_server(http) as port, open_bus(f"redis://127.0.0.1:{port}") as bus:
        with pytest.raises(StartError, match="is not a Redis"):
            await require(bus)
    async with open_bus(valkey_url.removesuffix("/0") + "/9999") as bus:
        with pytest.raises(StartError, match=r"DB index is out of range.*check REDIS_URL"):
            await require(bus)


async def test_a_replica_is_said_to_be_one(bus: Bus) -> None:
    """It reads, and would refuse every write."""
    ask = bus.redis.execute_command
    await ask("REPLICAOF", "127.0.0.1", free_port())  # type: ignore[no-untyped-call]
    try:
        with pytest.raises(
            BusRefused, match="is a replica and refuses writes; REDIS_URL must name the primary"
        ):
            await require(bus)
    finally:
        await ask("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call]


async def test_a_full_one_is_said_and_waited_for(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    """It may be emptied: the start goes on, and each write is refused with a reason of its own."""
    await bus.redis.config_set("maxmemory", 1)
    try:
        await require(bus)
        assert "cache_full" in caplog.text
        with pytest.raises(BusRefused, match="is full") as caught:
            async with bus.asking() as redis:
                await redis.set("x", "y")
        assert caught.value.reason == "cache_full"
    finally:
        await bus.redis.config_set("maxmemory", 0)
