"""A symbol whose only trade is cancelled has no price: not on a page, not in Redis, not for a newcomer."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tapecast.bus.connection import open_bus
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.ledger import Image
from tapecast.simulator.paths import STOCK_PATH
from tests.e2e.pipe import BRIEF, pipe
from tests.e2e.processes import Stream
from tests.support import eventually

pytestmark = pytest.mark.e2e

PRICE = 123.0


async def test_the_only_trade_is_cancelled(valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken back everywhere, REST cannot bring it back, and the next trade is live."""
    limits = replace(BRIEF, compare_every_s=0.5, compare_grace_s=0.0)
    async with (
        pipe(valkey_url, SimulatorConfig(still=True), limits=limits) as running,
        running.prices("AAPL", "MSFT") as page,
        open_bus(valkey_url) as bus,
    ):
        venue = running.venue
        await eventually(lambda: page.state("AAPL") == page.state("MSFT") == "live", "both live")
        await eventually(lambda: "AAPL" in venue.subscribed(STOCK_PATH))
        asked, image = Counter[str](), venue.market.image

        def counted(symbol: str, now_ns: int) -> Image | None:
            asked[symbol] += 1
            return image(symbol, now_ns)

        monkeypatch.setattr(venue.market, "image", counted)
        founding = venue.market.ledgers["AAPL"].trade
        assert founding is not None
        venue.cancel("AAPL", founding.number)
        await eventually(lambda: page.state("AAPL") == "pending", "taken back")
        assert reason(page) == "cancelled"
        assert await bus.redis.exists("price:AAPL", "last:AAPL") == 0

        async with running.prices("AAPL", "MSFT") as newcomer:
            await eventually(lambda: newcomer.state("MSFT") == "live")
            await eventually(lambda: newcomer.state("AAPL") == "pending")
            # It still names the trade: an answer may have been made before the cancel.
            asked.clear()
            await eventually(lambda: asked["AAPL"] >= 2, "REST is asked")
            assert newcomer.ticks("AAPL") == []
        assert page.state("AAPL") == "pending"

        venue.trade("AAPL", PRICE)
        await eventually(lambda: page.state("AAPL") == "live", "live again")
        assert page.ticks("AAPL")[-1]["price"] == PRICE
        assert venue.dials[STOCK_PATH] == 1


def reason(page: Stream) -> str:
    """The reason of AAPL's state."""
    return str([e.get("reason") for e in page.named("symbol") if e["symbol"] == "AAPL"][-1])
