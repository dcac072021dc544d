"""One place that opens Redis, so that every wait has a limit and every name its prefix."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis
from redis.asyncio.connection import SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    InvalidResponse,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from tapecast.bus.discovery import opened
from tapecast.bus.keys import Keys
from tapecast.bus.places import place_of
from tapecast.bus.rights import is_foreign, require_names, require_rights
from tapecast.errors import BusRefused, BusUnavailable, StartError

CONNECT_TIMEOUT_S: Final = 2.0
ANSWER_TIMEOUT_S: Final = 4.0
"""Below the lease's six seconds: a call that hangs must fail while its owner can still act on it."""


_ENDED: Final = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""A server that goes away in the middle, as any may."""
_UNKNOWN_AUTHORITY: Final = range(18, 22)
"""OpenSSL's numbers for a self-signed certificate, and for one whose issuer is not to be found."""
_REFUSALS: Final[dict[type[RedisError], tuple[str, str]]] = {
    OutOfMemoryError: ("cache_full", "is full (maxmemory) and refuses writes"),
    ReadOnlyError: ("cache_readonly", "is a replica and refuses writes; REDIS_URL must name the primary"),
    NoPermissionError: ("cache_forbidden", "does not give this user the rights it needs"),
}


@dataclass(frozen=True)
class Bus:
    """An open Redis and the names to use in it."""

    # Pooled, and used inside of `asking`. Nothing is retried behind our back: the caller knows whether a
    # write that may have happened can be repeated, the library does not.
    redis: Redis
    keys: Keys
    # Where it is, without password: for banners and errors.
    place: str
    # Nobody else uses it: it was started for this process, and is as young.
    is_private: bool = False

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[Redis]:
        """The Redis, for calls that have to end within ANSWER_TIMEOUT_S. Raises BusUnavailable.

        The limit is ours and not the library's `socket_timeout`, which on Python 3.11 goes through a
        `wait_for` that loses cancellations: a process would then not end on SIGTERM.
        """
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                yield self.redis
        except TimeoutError:
            raise BusUnavailable(
                f"Redis at {self.place} did not answer in {ANSWER_TIMEOUT_S:.0f} s"
            ) from None
        except tuple(_REFUSALS) as error:
            reason, why = next(_REFUSALS[kind] for kind in _REFUSALS if isinstance(error, kind))
            raise BusRefused(reason, f"Redis at {self.place} {why}: {error}") from None
        except ResponseError as error:
            if is_foreign(error):
                why = "holds a key of another program under a name of ours; set REDIS_PREFIX"
                raise BusRefused("cache_foreign", f"Redis at {self.place} {why}: {error}") from None
            raise BusUnavailable(f"Redis at {self.place}: {error}") from None
        except (RedisError, OSError) as error:
            raise BusUnavailable(f"Redis at {self.place}: {error}") from None
        except RuntimeError as error:
            if not is_closed(error):
                raise
            raise BusUnavailable(f"Redis at {self.place} has reset the connection") from None


@asynccontextmanager
async def open_bus(url: str, prefix: str = "", *, is_private: bool = False) -> AsyncIterator[Bus]:
    """An open bus, closed at the end. Does not talk to Redis yet: see `require`."""
    options = {
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_timeout": None,
        **({} if url.startswith("unix:") else {"socket_keepalive": True}),
        "retry": Retry(NoBackoff(), 0),
        # RESP2: with hiredis 40 % cheaper than RESP3 for a subscriber.
        "protocol": 2,
        # Else each connect sends what servers before 7.2 do not know, and a user with few rights may not.
        "driver_info": None,
    }
    async with AsyncExitStack() as stack:
        try:
            place = place_of(url)
            prefix = place.prefix(prefix)
            redis = await stack.enter_async_context(opened(place, prefix, options))
            _try_options(redis)
        except (ValueError, RedisError) as error:
            raise StartError(f"REDIS_URL was not understood: {error}") from None
        except TypeError as error:
            name = re.search(r"unexpected keyword argument '(\w+)'", str(error))
            if name is None:
                raise
            what = f"REDIS_URL has an option that is unknown, or needs rediss://: {name[1]}"
            raise StartError(what) from None
        except OSError as error:
            raise StartError(f"a certificate or key that REDIS_URL names cannot be used: {error}") from None
        database = int(redis.connection_pool.connection_kwargs.get("db") or 0)
        yield Bus(redis, Keys(prefix, database), place.name, is_private)


def _try_options(redis: Redis) -> None:
    # Nothing of this would ever come right, and redis-py finds out only when it connects.
    connection = redis.connection_pool.make_connection()  # type: ignore[no-untyped-call]
    if isinstance(connection, SSLConnection):
        connection.ssl_context.get()


def is_closed(error: RuntimeError) -> bool:
    """Whether this is uvloop's word for a connection that was reset while redis-py wrote to it."""
    return "closed" in str(error)


async def require(bus: Bus) -> None:
    """Raises StartError, with what to do about it, if this Redis will never do; BusUnavailable."""
    async with bus.asking() as redis:
        info = await _info(redis, bus.place)
    version = str(info.get("redis_version", "0"))
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < (6, 2):
        raise StartError(f"Redis at {bus.place} is {version}; tapecast needs 6.2 or newer, or Valkey")
    async with bus.asking() as redis:
        await require_rights(redis, bus.keys, bus.place)
        await require_names(redis, bus.keys, bus.place)


async def ping(bus: Bus) -> None:
    """Raises BusUnavailable unless Redis answers."""
    async with bus.asking() as redis:
        await redis.ping()


async def _info(redis: Redis, place: str) -> dict[str, object]:
    try:
        info: dict[str, object] = await redis.info("server")
    except NoPermissionError as error:
        raise StartError(f"the user in REDIS_URL may not INFO at {place}: {error}") from None
    except InvalidResponse:
        raise StartError(f"what answers at {place} is not a Redis; check REDIS_URL") from None
    except ResponseError as error:
        # Such as a database number that it does not have: waiting will not help.
        raise StartError(f"Redis at {place} refused us: {error}; check REDIS_URL") from None
    except RedisError as error:
        raise _unconnected(redis, place, error) from None
    return info


def _unconnected(redis: Redis, place: str, error: RedisError) -> StartError | BusUnavailable:
    """What it means, and whether time can mend it."""
    for cause in _causes(error):
        if isinstance(cause, AuthenticationError):
            return StartError(f"Redis at {place} refused the password in REDIS_URL: {error}")
        if isinstance(cause, ResponseError):
            return StartError(f"Redis at {place} refused us: {error}; check REDIS_URL")
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = cause.verify_message.rstrip(".")
            cure = "; name its authority in REDIS_URL: ?ssl_ca_certs=/path/ca.pem"
            cure = cure if cause.verify_code in _UNKNOWN_AUTHORITY else ""
            return StartError(f"the certificate of Redis at {place} is not valid here: {why}{cure}")
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, _ENDED):
            return StartError(f"Redis at {place} and we agree on no TLS: {error}; check REDIS_URL")
    return BusUnavailable(f"Redis at {place}: {str(error).rstrip('.')}{_hint(redis, error)}")


def _hint(redis: Redis, error: RedisError) -> str:
    """Neither a server with TLS nor one without says so to a client that expects the other."""
    if issubclass(redis.connection_pool.connection_class, SSLConnection):
        silent = any(isinstance(cause, TimeoutError) for cause in _causes(error))
        return "; if it has no TLS, write redis://" if silent else ""
    ended = any(isinstance(cause, ConnectionResetError) for cause in _causes(error))
    return "; if it wants TLS, write rediss://" if ended or "closed by server" in str(error) else ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it came from, each of a group's too."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for each in error.exceptions:
                yield from _causes(each)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
