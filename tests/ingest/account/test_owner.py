"""The account from the venue's two sides into Redis, over real sockets."""

from __future__ import annotations

from tapecast.bus.connection import Bus
from tests.feeds.alpaca.trading_venue import TradingVenue, event, trading
from tests.ingest.account.support import following, image_of, serving
from tests.support import eventually

AAPL = {"symbol": "AAPL", "asset_class": "us_equity", "qty": "1", "side": "long"}


async def test_what_the_venue_says_is_in_redis(bus: Bus) -> None:
    """The image by REST, an order event at once, and the position that it moved."""
    async with trading(TradingVenue()) as venue, serving(bus, venue) as account, following(bus) as heard:
        venue.answers["/v2/positions"] = [AAPL]
        venue.answers["/v2/orders"] = [{"id": "order-0", "status": "filled"}]
        account.listen(1)

        async def live() -> bool:
            return (await image_of(bus)).state == "live"

        await eventually(live)
        image = await image_of(bus)
        assert (image.account, image.positions, image.portfolio["equity"]) == ("PA1", [AAPL], "1000.00")
        assert image.orders == [{"id": "order-0", "status": "filled"}]
        assert image.as_of.endswith("Z")
        venue.answers["/v2/positions"] = [AAPL | {"qty": "3"}]
        await venue.tell(event("fill", position_qty="3", price="187.10"))
        await eventually(lambda: heard.orders == ["fill"])

        async def moved() -> bool:
            return (await image_of(bus)).positions[0]["qty"] == "3"

        await eventually(moved)
        seqs = [change.seq for change in heard.changes]
        assert seqs == list(range(1, len(seqs) + 1))
