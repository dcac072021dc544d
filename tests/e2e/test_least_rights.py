"""The Redis user of docs/deploy.md, under the whole pipe: Redis itself says what it had to refuse."""

from __future__ import annotations

import pytest

from tapecast.bus.connection import Bus
from tests.bus.test_rights import _rule, _user
from tests.e2e.pipe import pipe
from tests.e2e.processes import streaming
from tests.support import eventually

pytestmark = pytest.mark.e2e


async def test_nothing_that_we_do_is_refused(bus: Bus, valkey_url: str) -> None:
    """Prices, positions and status, from the first interest to the end of the streams."""
    await _user(bus, _rule())
    await bus.redis.execute_command("ACL", "LOG", "RESET")  # type: ignore[no-untyped-call]
    url = valkey_url.replace("://", "://tapecast:right@")
    async with pipe(url, REDIS_PREFIX="tape:", PUBLIC="prices,positions,status") as running:
        async with running.prices("AAPL", "BTC/USD") as stream:
            await stream.goes_on("AAPL")
            await stream.goes_on("BTC/USD")
            await stream.goes_on("AAPL")
            await running.streams("AAPL", "BTC/USD")
        async with streaming(f"{running.base}/stream/positions") as account:
            await eventually(lambda: account.named("positions"), "the account's positions")
            await eventually(lambda: account.named("position"), "a price of one of them")

            async def told() -> bool:
                # What is held is told to nobody who only reads the status.
                return not (await running.status())["active_symbols"]

            await eventually(told, "no symbol of the account's in the status")
    log = await bus.redis.execute_command("ACL", "LOG")  # type: ignore[no-untyped-call]
    refused = {f"{dict(zip(entry[::2], entry[1::2], strict=True))[b'object']}" for entry in log}
    assert refused == set()
