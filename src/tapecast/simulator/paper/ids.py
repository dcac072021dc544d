"""Names for orders and events, the same for the same seed."""

from __future__ import annotations

import random
import uuid
from typing import Final

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Ids:
    """Draws names."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"{seed}:ids")
        self._ulid = 0

    def uuid(self) -> str:
        """The name of an order or an execution."""
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def ulid(self, now_ns: int) -> str:
        """The name of an event: sorts as the events came, also those of one millisecond."""
        fresh = now_ns // 1_000_000 << 80 | self._rng.getrandbits(80)
        self._ulid = max(fresh, self._ulid + 1)
        return "".join(_CROCKFORD[self._ulid >> 5 * place & 31] for place in range(25, -1, -1))


def asset_id(symbol: str) -> str:
    """A stable id. That of a crypto position is not that of its asset, and so it is at the venue."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"tapecast:simulated:{symbol}"))
