"""alpaca-py's own trading clients, as tests of the paper account use them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.stream import TradingStream

from tapecast.simulator.server import Simulator
from tests.support import eventually


class Trader:
    """A TradingClient whose calls, which block, run beside the loop, and what its TradingStream was told."""

    def __init__(self, sim: Simulator) -> None:
        self._client = TradingClient("simulated", "simulated", url_override=sim.base)
        self.updates: list[Any] = []

    async def __call__(self, name: str, *args: Any) -> Any:
        """One call by its name, answered by a model of alpaca-py."""
        return await asyncio.to_thread(getattr(self._client, name), *args)

    def close(self) -> None:
        """Let go of the sockets that `requests` keeps."""
        self._client._session.close()

    def told(self, order: Any) -> list[str]:
        """The events of one order so far."""
        return [str(each.event) for each in self.updates if each.order.id == order.id]

    async def until(self, order: Any, event: str) -> Any:
        """The first event of its kind for an order."""

        def found() -> Any:
            return next(
                (each for each in self.updates if (each.order.id, each.event) == (order.id, event)), None
            )

        return await eventually(found, f"{event} of {order.symbol}; told {self.told(order)}")


@asynccontextmanager
async def trading_client(sim: Simulator) -> AsyncIterator[Trader]:
    """A client without a stream."""
    trader = Trader(sim)
    try:
        yield trader
    finally:
        trader.close()


@asynccontextmanager
async def trading(sim: Simulator) -> AsyncIterator[Trader]:
    """A client, and a stream that listens already."""
    stream: Any = TradingStream(
        "simulated",
        "simulated",
        url_override=sim.base.replace("http", "ws") + "/stream",
        websocket_params={"close_timeout": 1},
    )

    async with trading_client(sim) as trader:

        async def hear(update: Any) -> None:
            trader.updates.append(update)

        # As `subscribe_trade_updates` does, but for a check that Python 3.14 has deprecated.
        stream._trade_updates_handler = hear
        running = asyncio.create_task(stream._run_forever())
        try:
            await eventually(listening(sim), "the trading stream listens")
            yield trader
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await stream.close()


def listening(sim: Simulator, sessions: int = 1) -> Callable[[], bool]:
    """Whether so many sessions are told of orders."""
    return lambda: sum(each.listens for each in sim.at("/stream")[0].sessions) == sessions  # type: ignore[union-attr]


async def refused(trader: Trader, *call: Any) -> tuple[int, dict[str, Any]]:
    """Status and body of an error, as alpaca-py raises it."""
    with pytest.raises(APIError) as caught:
        await trader(*call)
    return caught.value.status_code, {"code": caught.value.code, "message": caught.value.message}
