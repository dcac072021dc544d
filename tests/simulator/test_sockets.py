"""The changed WebSocket protocol: quiet, and able to cut and to freeze."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

import msgpack
import pytest
from starlette.websockets import WebSocket
from websockets.exceptions import ConnectionClosedError

from tapecast.simulator import stream
from tapecast.simulator.server import Simulator, SimulatorConfig, simulator
from tests.simulator.client import KEYS, dial, latest, subscribed
from tests.support import eventually, free_socket

IEX, SIP, CRYPTO, OPTIONS = "/v2/iex", "/v2/sip", "/v1beta3/crypto/us", "/v1beta1/indicative"
AUTH = {"action": "auth", **KEYS}


async def test_connections_are_not_logged(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """A demo's terminal shows the demo."""
    with caplog.at_level(logging.INFO):
        async with dial(sim) as peer:
            await peer.enter()
        await eventually(lambda: not sim._endpoints["/v2/iex"].sessions)
    assert not [record for record in caplog.records if record.name.startswith("uvicorn")]


async def test_the_application_can_cut_a_connection(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a closing handshake: the way out for a client that does not read."""

    async def cut(websocket: WebSocket, *_: object) -> None:
        await websocket.accept()
        websocket.state.link.abort()

    monkeypatch.setattr(stream, "serve", cut)
    async with dial(sim) as peer:
        with pytest.raises(ConnectionClosedError):
            await peer.read()


async def _frozen(sim: Simulator, act: Callable[[], Awaitable[object]]) -> bool:
    """Whether something waits while the venue is frozen, and is done once it thaws."""
    sim.freeze(IEX)
    task = asyncio.ensure_future(act())
    await latest(sim, "AAPL")  # REST still answers: time enough for a venue that is not frozen
    waited = not task.done()
    sim.thaw(IEX)
    await task
    return waited


async def test_frozen_answers_no_ping(still: Simulator) -> None:
    """The pong comes when it thaws."""
    async with dial(still) as peer:
        await peer.enter()

        async def ping() -> None:
            await (await peer.socket.ping())

        assert await _frozen(still, ping)


async def test_frozen_answers_no_upgrade(still: Simulator) -> None:
    """It hangs, counted as a dial, and is answered when it thaws."""

    async def enter() -> None:
        async with dial(still) as peer:
            await peer.enter()

    assert await _frozen(still, enter)
    assert still.dials[IEX] == 1


async def test_frozen_takes_nothing_in_and_lets_nothing_out(still: Simulator) -> None:
    """When it thaws, what was said meanwhile is heard, and what was printed comes late."""
    async with dial(still) as peer, dial(still, SIP) as other:
        await subscribed(peer, "AAPL")
        await subscribed(other, "AAPL")
        still.freeze(IEX)
        await peer.socket.send(msgpack.packb({"action": "subscribe", "trades": ["MSFT"]}))
        still.trade("AAPL", 270)
        assert (await other.read())[0]["p"] == 270, "another path flows"
        assert still.subscribed(IEX) == {"AAPL"}
        still.thaw(IEX)
        assert (await peer.read())[0]["p"] == 270
        assert (await peer.reply())["trades"] == ["AAPL", "MSFT"]


async def test_a_client_that_gave_up_meanwhile_is_gone(still: Simulator) -> None:
    """Its slot is taken as long as the venue is frozen, and free soon after."""
    async with dial(still, close_timeout=0.1) as peer:
        await subscribed(peer, "AAPL")
        still.freeze(IEX)
        still.trade("AAPL", 270)
    assert still.subscribed(IEX) == {"AAPL"}
    still.thaw()
    await eventually(lambda: not still._endpoints[IEX].sessions)
    async with dial(still) as again:
        await again.enter()


async def test_a_dial_that_gave_up_meanwhile_is_gone(still: Simulator) -> None:
    """It does not come to life when the venue does."""
    still.freeze(IEX)
    dialling = asyncio.ensure_future(dial(still).__aenter__())
    await eventually(lambda: still.dials[IEX] == 1)
    dialling.cancel()
    await asyncio.wait([dialling])
    still.thaw(IEX)
    await eventually(lambda: not still._endpoints[IEX].sessions)
    async with dial(still) as again:
        await again.enter()


async def test_a_frozen_venue_does_not_close(still: Simulator) -> None:
    """It does when it thaws; a cut is a cut."""
    async with dial(still) as peer, dial(still) as other:
        await peer.enter()
        await other.reply()
        still.freeze(IEX)
        await still.close_sessions(1012, IEX)
        assert peer.socket.state.name == "OPEN"
        still.thaw(IEX)
        assert (await peer.end()).code == 1012  # type: ignore[union-attr]
    async with dial(still) as peer:
        await peer.enter()
        still.freeze(IEX)
        still.drop_sessions(IEX)
        assert await peer.end() is None
        still.thaw(IEX)


async def test_frozen_for_long_ends_in_407(still: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be kept is not dropped in silence."""
    async with dial(still) as peer:
        await subscribed(peer, "AAPL")
        (session,) = still._endpoints[IEX].sessions
        monkeypatch.setattr(session.outbox, "_limit", 10)
        still.freeze(IEX)
        still.burst(100, IEX)
        await latest(still, "AAPL")
        still.thaw(IEX)
        assert (await peer.reply())["code"] == 407
        assert (await peer.end()).code == 1008  # type: ignore[union-attr]


async def test_it_ends_while_frozen() -> None:
    """Its clients hear that it does."""
    async with contextlib.AsyncExitStack() as clients:
        async with simulator(SimulatorConfig(), free_socket()) as sim:
            peer = await clients.enter_async_context(dial(sim))
            await peer.enter()
            sim.freeze()
        assert (await peer.end()).code == 1012  # type: ignore[union-attr]
