"""Trying at the start what we shall need: what Redis will refuse would else fail in silence, and late.

Each command is tried for real and without harm, on one short-lived key and its channel. What Redis answers
then names the command; we add the key or channel. The names that we shall read are looked at as well: a key
of another program under one of them, of another type, would fail every read.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, OutOfMemoryError, ResponseError

from tapecast.bus.keys import Keys
from tapecast.errors import StartError
from tapecast.market import Market

PROBE_TTL_S: Final = 1
_SCRIPT: Final = "return redis.call('GET', KEYS[1])"

logger = logging.getLogger(__name__)


async def require_rights(redis: Redis, keys: Keys, place: str) -> None:
    """Raises StartError naming the right that this user lacks. A full Redis is a warning: it may pass."""
    key = keys.status_index("probe")
    index = keys.status_index("probes")
    channel = keys.channel(key)

    async def script() -> None:
        await redis.evalsha(await redis.script_load(_SCRIPT), 1, key)

    async def listen() -> None:
        async with redis.pubsub() as listener:
            await listener.subscribe(channel)
            await listener.get_message(timeout=PROBE_TTL_S)
            await listener.unsubscribe(channel)

    # A pattern of one family of names does not cover the others.
    families = [keys.price(".probe"), keys.last(".probe"), keys.interest("probe")]
    families += [name("probe") for name in (keys.beat, keys.lease, keys.epoch, keys.origin)]

    tries: list[tuple[str, str, Callable[[], Awaitable[Any]]]] = [
        ("SET", key, lambda: redis.set(key, b"1", ex=PROBE_TTL_S)),
        ("GET", key, lambda: redis.get(key)),
        ("PTTL", key, lambda: redis.pttl(key)),
        ("PEXPIRE", key, lambda: redis.pexpire(key, PROBE_TTL_S * 1000)),
        ("SCRIPT LOAD or EVALSHA", key, script),
        ("ZADD", index, lambda: redis.zadd(index, {"probe": 1})),
        ("ZRANGE", index, lambda: redis.zrange(index, 0, -1)),
        ("ZREM", index, lambda: redis.zrem(index, "probe")),
        ("DEL", key, lambda: redis.delete(key)),
        ("PUBLISH", f"channel {channel}", lambda: redis.publish(channel, b"")),
        ("SUBSCRIBE or UNSUBSCRIBE", f"channel {channel}", listen),
        ("TIME", "", redis.time),
        ("PING", "", redis.ping),
    ]
    tries += [("SET", name, partial(redis.set, name, b"1", ex=PROBE_TTL_S)) for name in families]
    tries += [("GET", name, partial(redis.get, name)) for name in families]
    # Names without a family: what stands there is left as it is.
    tries += [
        ("SET", name, partial(redis.set, name, b"1", px=1, nx=True))
        for name in (keys.account(), keys.account_change())
    ]
    is_full = False
    for command, name, attempt in tries:
        try:
            await attempt()
        except NoPermissionError as error:
            raise StartError(
                f"the user in REDIS_URL may not {command} {name} at {place}: {error}; see docs/deploy.md"
            ) from None
        except OutOfMemoryError as error:
            if not is_full:
                logger.warning("cache_full: Redis at %s refuses %s: %s", place, command, error)
            is_full = True


async def require_names(redis: Redis, keys: Keys, place: str) -> None:
    """Raises StartError naming the key of ours that is another program's."""
    leases = [*Market, "account"]
    values = [keys.account(), keys.account_change(), *map(keys.lease, leases), *map(keys.epoch, leases)]
    values += [name(market) for name in (keys.beat, keys.origin) for market in Market]
    indexes = [keys.interest_index(), keys.status_index("ingest"), keys.status_index("api")]
    async with redis.pipeline(transaction=False) as pipe:
        for name in values:
            pipe.get(name)
        for name in indexes:
            pipe.zrange(name, 0, 0)
        answers = await pipe.execute(raise_on_error=False)
    for name, answer in zip([*values, *indexes], answers, strict=True):
        if isinstance(answer, ResponseError) and is_foreign(answer):
            raise StartError(
                f"Redis at {place} holds {name} of another program; set REDIS_PREFIX or another REDIS_URL"
            )


def is_foreign(error: ResponseError) -> bool:
    """Whether a key has not the type that we gave it: somebody else writes under our name."""
    return "WRONGTYPE" in str(error)
