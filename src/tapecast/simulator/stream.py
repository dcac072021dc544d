"""The WebSocket shell around a session. How a connection ends:

| because                                   | close code          |
| ----------------------------------------- | ------------------- |
| the client closed it, or is gone          |                     |
| wrong keys (402), no auth in time (404)   | 1000                |
| the client does not read (407)            | 1008, or cut off    |
| `Simulator.close_sessions(code)`          | that code           |
| the simulator stops                       | 1012                |
"""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from tapecast.simulator.codec import JSON, MSGPACK
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.endpoint import Endpoint
from tapecast.simulator.outbox import Outbox
from tapecast.simulator.session import Session

AUTH_TIMEOUT_S: Final = 10.0
LINGER_S: Final = 1.0
"""How long a client that is to be closed may take its last messages, before its socket is cut."""


async def serve(websocket: WebSocket, endpoint: Endpoint, config: SimulatorConfig) -> None:
    """Serve one connection until it is gone."""
    codec = MSGPACK if websocket.headers.get("content-type") == "application/msgpack" else JSON
    outbox = Outbox(codec)
    session = Session(endpoint.market, config, outbox, endpoint.claim)
    endpoint.dials += 1
    endpoint.sessions.add(session)
    try:
        await websocket.accept()
        await _converse(websocket, session)
    finally:
        endpoint.leave(session)
        session.ended.set()


async def _converse(websocket: WebSocket, session: Session) -> None:
    async with asyncio.TaskGroup() as group:
        reader = group.create_task(_read(websocket, session))
        sender = group.create_task(_send(websocket, session.outbox))
        await session.outbox.closed.wait()
        await asyncio.wait({sender}, timeout=LINGER_S)
        if not sender.done():
            websocket.state.abort()
        sender.cancel()
        reader.cancel()


async def _read(websocket: WebSocket, session: Session) -> None:
    try:
        async with asyncio.timeout(AUTH_TIMEOUT_S) as deadline:
            while (message := await websocket.receive())["type"] == "websocket.receive":
                session.receive(message.get("bytes") or message.get("text") or b"")
                if session.authenticated:
                    deadline.reschedule(None)
    except TimeoutError:
        session.expire()
    else:
        session.outbox.close()


async def _send(websocket: WebSocket, outbox: Outbox) -> None:
    try:
        async for frame in outbox.frames():
            if outbox.codec.binary:
                await websocket.send_bytes(frame)
            else:
                await websocket.send_text(frame.decode())
        await websocket.close(outbox.close_code)
    except WebSocketDisconnect:
        return
