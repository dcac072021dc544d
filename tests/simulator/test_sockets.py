"""The changed WebSocket protocol."""

from __future__ import annotations

import logging

import pytest
from starlette.websockets import WebSocket
from websockets.exceptions import ConnectionClosedError

from tapecast.simulator import stream
from tapecast.simulator.server import Simulator
from tests.simulator.client import dial
from tests.support import eventually


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
        websocket.state.abort()

    monkeypatch.setattr(stream, "serve", cut)
    async with dial(sim) as peer:
        with pytest.raises(ConnectionClosedError):
            await peer.read()
