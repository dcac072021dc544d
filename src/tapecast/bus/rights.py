"""Trying at the start what we shall need: a user without a right would else fail in silence, and late.

Each command class is tried for real and without harm, on one short-lived key and its channel. What Redis
answers then names the command; we add the key or channel.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, OutOfMemoryError

from tapecast.bus.keys import Keys
from tapecast.errors import StartError

CLOCK_LIMIT_S: Final = 2.0
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

    tries: tuple[tuple[str, str, Callable[[], Awaitable[Any]]], ...] = (
        ("SET", key, lambda: redis.set(key, b"1", ex=PROBE_TTL_S)),
        ("MGET", key, lambda: redis.mget(key)),
        ("SCRIPT LOAD or EVALSHA", key, script),
        ("ZADD", index, lambda: redis.zadd(index, {"probe": 1})),
        ("ZREM", index, lambda: redis.zrem(index, "probe")),
        ("DEL", key, lambda: redis.delete(key)),
        ("PUBLISH", f"channel {channel}", lambda: redis.publish(channel, b"")),
        ("SUBSCRIBE", f"channel {channel}", listen),
    )
    for command, name, attempt in tries:
        try:
            await attempt()
        except NoPermissionError as error:
            raise StartError(
                f"the user in REDIS_URL may not {command} {name} at {place}: {error}; see docs/deploy.md"
            ) from None
        except OutOfMemoryError as error:
            logger.warning("cache_full: Redis at %s refuses %s: %s", place, command, error)


async def clock_offset(redis: Redis) -> float:
    """Redis's clock less ours, in seconds; beyond CLOCK_LIMIT_S it is said."""
    before = time.time()
    seconds, micros = await redis.time()
    offset = float(seconds + micros / 1e6 - (before + time.time()) / 2)
    if abs(offset) > CLOCK_LIMIT_S:
        logger.warning("clock_off: Redis's clock is %+.1f s from ours; check NTP on both", offset)
    return offset
