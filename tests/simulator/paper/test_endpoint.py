"""The trading stream on its socket, heard by alpaca-py's TradingStream and by a plain client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgpack
import pytest
from alpaca.trading.requests import MarketOrderRequest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tapecast.simulator.bad import Bad
from tapecast.simulator.server import Simulator, SimulatorConfig, simulator
from tests.simulator.paper.desk import listening, trading, trading_client
from tests.support import PATIENCE_S, eventually, free_socket

STREAM = "/stream"
ENTER = {"action": "auth", "key": "simulated", "secret": "simulated"}
LISTEN = {"action": "listen", "data": {"streams": ["trade_updates"]}}
BUY = MarketOrderRequest(symbol="AAPL", qty=1, side="buy", time_in_force="day")


@asynccontextmanager
async def dial(sim: Simulator, **options: Any) -> AsyncIterator[ClientConnection]:
    """A connection that has said nothing yet."""
    async with connect(sim.base.replace("http", "ws") + STREAM, close_timeout=1, **options) as socket:
        yield socket


async def heard(socket: ClientConnection) -> Any:
    """The next message."""
    async with asyncio.timeout(PATIENCE_S):
        return json.loads(await socket.recv())


async def enter(socket: ClientConnection) -> None:
    """Authenticate and listen."""
    for message in (ENTER, LISTEN):
        await socket.send(json.dumps(message))
        await heard(socket)


async def test_everybody_who_listens_is_told(still: Simulator) -> None:
    """There is no slot: alpaca-py and two others hear the same."""
    async with trading(still) as trader, dial(still) as one, dial(still) as other:
        await enter(one)
        await enter(other)
        order = await trader("submit_order", BUY)
        await trader.until(order, "fill")
        for socket in (one, other):
            told = [await heard(socket) for _ in range(2)]
            assert [each["stream"] for each in told] == ["trade_updates"] * 2
            assert [each["data"]["event"] for each in told] == ["new", "fill"]
            assert told[1]["data"]["order"]["id"] == str(order.id)
    await eventually(listening(still, 0), "all have left")


async def test_frames_are_binary_json(still: Simulator) -> None:
    """As the paper host sends them; text as the live host, if it is to play that."""
    async with dial(still) as socket:
        await socket.send(json.dumps(ENTER))
        assert isinstance(await socket.recv(), bytes)
    async with simulator(SimulatorConfig(trading_text=True), free_socket()) as live, dial(live) as socket:
        await socket.send(json.dumps(ENTER).encode())
        assert isinstance(await socket.recv(), str)


async def test_msgpack_by_content_type(still: Simulator) -> None:
    """Both ways."""
    async with dial(still, additional_headers={"Content-Type": "application/msgpack"}) as socket:
        await socket.send(msgpack.packb(ENTER))
        assert msgpack.unpackb(await socket.recv())["data"]["status"] == "authorized"


async def test_an_upgrade_can_be_refused(still: Simulator) -> None:
    """With a status; the dial is counted."""
    still.faults[STREAM].upgrade = 503
    with pytest.raises(InvalidStatus) as refused:
        async with dial(still):
            pass
    assert (refused.value.response.status_code, still.dials[STREAM]) == (503, 1)


async def test_what_was_dropped_is_told_nothing_and_may_come_back(still: Simulator) -> None:
    """There is no replay: the fill in between is only in REST."""
    async with trading(still) as trader:
        still.faults[STREAM].upgrade = 503
        still.drop_sessions(STREAM)
        await eventually(listening(still, 0), "the session is gone")
        missed = await trader("submit_order", BUY)
        await eventually(lambda: still.account.portfolio.quantity("AAPL") == 41)
        still.clear_faults(STREAM)
        await eventually(listening(still), "the stream is back")
        order = await trader("submit_order", BUY)
        await trader.until(order, "fill")
        assert trader.told(missed) == []
        assert (await trader("get_order_by_id", missed.id)).status == "filled"


async def test_a_frozen_stream_tells_late(still: Simulator) -> None:
    """Nothing while it is frozen, everything when it thaws."""
    async with dial(still) as socket:
        await enter(socket)
        still.freeze(STREAM)
        async with trading_client(still) as trader:
            order = await trader("submit_order", BUY)
            await eventually(lambda: still.account.portfolio.quantity("AAPL") == 41)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await socket.recv()
        still.thaw(STREAM)
        told = [await heard(socket) for _ in range(2)]
        assert [each["data"]["order"]["id"] for each in told] == [str(order.id)] * 2


async def test_bad_frames_are_sent_to_who_listens(still: Simulator) -> None:
    """And the data streams are left alone."""
    async with dial(still) as socket:
        await enter(socket)
        assert still.send(Bad.UNKNOWN_TYPE, STREAM) == 1
        assert (await heard(socket))["stream"] == "account_updates"
        assert still.send("garbage", STREAM) == 1
        assert await socket.recv() == b"}garbage{"


async def test_anything_can_be_told(still: Simulator) -> None:
    """An event that nobody has heard of, for example."""
    async with dial(still) as socket:
        await enter(socket)
        still.tell({"event": "teleported", "order": {"id": "1"}})
        assert (await heard(socket))["data"] == {"event": "teleported", "order": {"id": "1"}}


async def test_errors_and_closes(still: Simulator) -> None:
    """An error in words ends the connection; a close has its code."""
    async with dial(still) as socket:
        await enter(socket)
        assert still.error(500, STREAM) == 1
        assert (await heard(socket))["action"] == "error"
        with pytest.raises(ConnectionClosed):
            await heard(socket)
    async with dial(still) as socket:
        await enter(socket)
        await still.close_sessions(1012, STREAM)
        with pytest.raises(ConnectionClosed) as closed:
            await heard(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
