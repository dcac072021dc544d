"""Finding the one server to talk to, anew at each connect: behind sentinels, or in a cluster.

In both forms the rest of `bus/` sees one ordinary Redis. In a cluster all keys of ours share a slot (a hash
tag in their prefix), so that the fenced script stays one call; a client per node would need a pipeline per
node, and a paused owner could then write past its lease.
"""

from __future__ import annotations

import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.connection import Connection, ConnectionPool, SSLConnection, parse_url
from redis.asyncio.sentinel import Sentinel
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    ConnectionError,  # noqa: A004 - redis-py's, which the pool takes for a lost connection
    ReadOnlyError,
    RedisError,
    TryAgainError,
)

from tapecast.bus.places import Place

_ELSEWHERE: Final = (AskError, TryAgainError, ClusterDownError, ReadOnlyError)
"""Answers that mean "not here": MOVED is an AskError. The next connect asks where."""
KNOWN: Final = 32
"""Nodes remembered beside those in the URL, which may all have been replaced since the start."""


@asynccontextmanager
async def opened(place: Place, prefix: str, options: dict[str, Any]) -> AsyncIterator[Redis]:
    """A client of whatever server holds our keys now, closed at the end. Raises ValueError."""
    if place.kind == "single":
        one = Redis.from_url(place.url, **options)
        try:
            yield one
        finally:
            await one.aclose()
        return
    found: dict[str, Any] = {**parse_url(place.url), **options}
    secure = found.pop("connection_class", None) is SSLConnection
    del found["host"], found["port"]
    if place.kind == "cluster":
        async with _cluster(place, prefix, secure, found) as redis:
            yield redis
        return
    async with _sentinel(place, secure, found) as redis:
        yield redis


@asynccontextmanager
async def _sentinel(place: Place, secure: bool, options: dict[str, Any]) -> AsyncIterator[Redis]:
    tls: dict[str, Any] = {"ssl": True} if secure else {}
    own = {name: value for name, value in options.items() if name not in ("username", "password", "db")}
    if place.sentinel_password:
        own["password"] = place.sentinel_password
    sentinel = Sentinel(place.hosts, sentinel_kwargs={**own, **tls}, **options, **tls)  # type: ignore[no-untyped-call]
    redis: Redis = sentinel.master_for(place.service)
    try:
        yield redis
    finally:
        await redis.aclose()
        for client in sentinel.sentinels:
            await client.aclose()


@asynccontextmanager
async def _cluster(place: Place, prefix: str, secure: bool, options: dict[str, Any]) -> AsyncIterator[Redis]:
    nodes = Nodes(place.hosts, key_slot(prefix.encode()), SSLConnection if secure else Connection, options)
    kind = ClusterSSLConnection if secure else ClusterConnection
    pool = ConnectionPool(connection_class=kind, nodes=nodes, **options)
    nodes.pool = weakref.ref(pool)
    redis = Redis(connection_pool=pool)
    try:
        yield redis
    finally:
        await redis.aclose()
        await pool.aclose()


class Nodes:
    """The cluster as far as we know it: whom to ask who holds our slot."""

    def __init__(
        self,
        seeds: tuple[tuple[str, int], ...],
        slot: int,
        connection_class: type[Connection],
        options: dict[str, Any],
    ) -> None:
        self._seeds = seeds
        self._slot = slot
        self._connection_class = connection_class
        self._options = options
        # Newest answer first; the node that told it is the likeliest to be up.
        self._known: tuple[tuple[str, int], ...] = ()
        self.pool: weakref.ref[ConnectionPool] | None = None

    async def primary(self) -> tuple[str, int]:
        """Host and port of our slot's primary. Raises redis-py's ConnectionError when nobody can tell."""
        error: Exception | None = None
        for host, port in dict.fromkeys((*self._known, *self._seeds)):
            try:
                return self._learn(host, port, await self._slots(host, port))
            except (RedisError, OSError, LookupError) as failure:
                error = failure
        raise ConnectionError(f"no node of the cluster knows who holds slot {self._slot}: {error}")

    async def _slots(self, host: str, port: int) -> list[Any]:
        connection = self._connection_class(host=host, port=port, **self._options)
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
            await connection.send_command("CLUSTER", "SLOTS")
            answer: list[Any] = await connection.read_response()
            return answer
        finally:
            await connection.disconnect(nowait=True)

    def _learn(self, host: str, port: int, slots: list[Any]) -> tuple[str, int]:
        # A node that does not know its own address leaves it empty, which means: the one that you asked.
        ranges = [
            (first, last, [((node[0] or b"").decode() or host, node[1]) for node in nodes])
            for first, last, *nodes in slots
        ]
        primary = next((nodes[0] for first, last, nodes in ranges if first <= self._slot <= last), None)
        if primary is None:
            raise LookupError(f"{host}:{port} knows no holder")
        others = [node for _, _, nodes in ranges for node in nodes]
        self._known = tuple(dict.fromkeys([primary, (host, port), *others]))[:KNOWN]
        return primary

    async def forget(self) -> None:
        """Our slot is elsewhere: idle connections would each have to find that out."""
        pool = self.pool() if self.pool else None
        if pool is not None:
            await pool.disconnect(inuse_connections=False)


class ClusterConnection(Connection):
    """A connection to the primary of our slot."""

    def __init__(self, nodes: Nodes, **options: Any) -> None:
        self._nodes = nodes
        super().__init__(**options)

    async def connect(self) -> None:
        """Ask where the slot is, and go there."""
        if not self.is_connected:
            self.host, self.port = await self._nodes.primary()
        await super().connect()  # type: ignore[no-untyped-call]

    async def read_response(self, *args: Any, **options: Any) -> Any:
        """The next answer; one that means "not here" ends the connection, as a server that is gone would."""
        try:
            return await super().read_response(*args, **options)
        except _ELSEWHERE as error:
            await self.disconnect(nowait=True)
            await self._nodes.forget()
            raise ConnectionError(f"our slot is elsewhere: {error}") from None


class ClusterSSLConnection(ClusterConnection, SSLConnection):
    """The same over TLS."""
