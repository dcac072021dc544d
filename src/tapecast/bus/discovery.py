"""Finding the one server to talk to, anew at each connect: behind sentinels, or in a cluster.

In both forms the rest of `bus/` sees one ordinary Redis. In a cluster all keys of ours share a slot (a hash
tag in their prefix), so that the fenced script stays one call; a client per node would need a pipeline per
node, and a paused owner could then write past its lease.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.connection import Connection, ConnectionPool, SSLConnection, parse_url
from redis.asyncio.sentinel import Sentinel
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    AuthenticationError,
    ClusterDownError,
    ConnectionError,  # noqa: A004 - redis-py's, which the pool takes for a lost connection
    ReadOnlyError,
    RedisError,
    TryAgainError,
)

from tapecast.bus.places import Place

_ELSEWHERE: Final = (AskError, TryAgainError, ClusterDownError, ReadOnlyError)
"""Answers that mean "not here": MOVED is an AskError. The next connect asks where."""
_FAILURES: Final = (RedisError, OSError, LookupError)
ASK_TIMEOUT_S: Final = 2.0
"""A far one over TLS needs a second; one that hangs must leave time for another in a caller's four."""
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
    sentinel = Sentinels(place.hosts, sentinel_kwargs={**own, **tls}, **options, **tls)  # type: ignore[no-untyped-call]
    redis: Redis = sentinel.master_for(place.service)
    try:
        yield redis
    finally:
        await redis.aclose()
        for client in sentinel.sentinels:
            await client.aclose()


class Sentinels(Sentinel):
    """redis-py's, which waits for one that hangs, and whose error hides what was wrong with each."""

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Host and port of the primary. Raises redis-py's ConnectionError when nobody can tell."""
        failures: list[tuple[str, Exception]] = []
        for sentinel in tuple(self.sentinels):
            own = sentinel.connection_pool.connection_kwargs
            # Last from now on, so that a caller who is cancelled meanwhile begins with the others next time.
            self.sentinels.remove(sentinel)
            self.sentinels.append(sentinel)
            try:
                async with asyncio.timeout(ASK_TIMEOUT_S):
                    watched: Any = await sentinel.sentinel_masters()
                state = watched.get(service_name)
                if state is None:
                    raise LookupError(f"it watches no {service_name}")
                if not self.check_master_state(state, service_name):
                    raise LookupError(f"{service_name} is down")
            except AuthenticationError as error:
                told = f"{str(error).rstrip('.')} (what sentinels want is ?sentinel_password=)"
                failures.append((f"{own['host']}:{own['port']}", AuthenticationError(told)))
                continue
            except _FAILURES as error:
                failures.append((f"{own['host']}:{own['port']}", error))
                continue
            self.sentinels.remove(sentinel)
            self.sentinels.insert(0, sentinel)
            return state["ip"], state["port"]
        raise _unknown("no sentinel names a primary", failures)


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


def _unknown(what: str, failures: Sequence[tuple[str, Exception]]) -> ConnectionError:
    said = "; ".join(f"{place}: {str(error).rstrip('.') or 'no answer'}" for place, error in failures)
    unknown = ConnectionError(f"{what}: {said}")
    unknown.__cause__ = ExceptionGroup(what, [error for _, error in failures])
    return unknown


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
        # Those that did not answer last time.
        self._mute: set[tuple[str, int]] = set()
        self.pool: weakref.ref[ConnectionPool] | None = None

    async def primary(self) -> tuple[str, int]:
        """Host and port of our slot's primary. Raises redis-py's ConnectionError when nobody can tell."""
        failures: list[tuple[str, Exception]] = []
        nodes = tuple(dict.fromkeys((*self._known, *self._seeds)))
        self._mute.intersection_update(nodes)
        for node in sorted(nodes, key=lambda node: node in self._mute):
            # Until it answers: see `Sentinels`.
            self._mute.add(node)
            try:
                async with asyncio.timeout(ASK_TIMEOUT_S):
                    slots = await self._slots(*node)
                self._mute.discard(node)
                return self._learn(*node, slots)
            except _FAILURES as error:
                failures.append((f"{node[0]}:{node[1]}", error))
        raise _unknown(f"no node of the cluster knows who holds slot {self._slot}", failures)

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
        # A node that does not know its own address leaves it empty, or says "?": the one that you asked.
        ranges = [
            (first, last, [((node[0] or b"").decode().strip("?") or host, node[1]) for node in nodes])
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
