"""The WebSocket shell around a session. How a connection ends:

| because                                        | close code          |
| ---------------------------------------------- | ------------------- |
| the upgrade is refused (a fault)               | an HTTP status      |
| the client closed it, or is gone               |                     |
| wrong keys (402), no auth in time (404)        | 1000                |
| a log-in that never can succeed (409, 412 ...) | 1000                |
| the client does not read (407)                 | 1008, or cut off    |
| `Simulator.close_sessions(code)`               | that code           |
| `Simulator.drop_sessions()`                    | none                |
| the simulator stops                            | 1012                |

While its path is frozen, a connection does not end.
"""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from tapecast.simulator import rest
from tapecast.simulator.codec import JSON, MSGPACK
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.gate import Conversation, Gate, S
from tapecast.simulator.outbox import Outbox
from tapecast.simulator.sockets import SimulatorSocket

AUTH_TIMEOUT_S: Final = 10.0
LINGER_S: Final = 1.0
"""How long a client that is to be closed may take its last messages, before its socket is cut."""
_KEY: Final = "apca-api-key-id"
_SECRET: Final = "apca-api-secret-key"  # noqa: S105 - the header's name


async def serve(websocket: WebSocket, endpoint: Gate[S], config: SimulatorConfig) -> None:
    """Serve one connection until it is gone."""
    link: SimulatorSocket = websocket.state.link
    with endpoint.dialled(link):
        if endpoint.faults.upgrade is not None:
            await websocket.send_denial_response(
                rest.json({"message": "SIMULATED refusal"}, endpoint.faults.upgrade)
            )
            return
        await _connect(websocket, link, endpoint, config)


async def _connect(
    websocket: WebSocket, link: SimulatorSocket, endpoint: Gate[S], config: SimulatorConfig
) -> None:
    codec = MSGPACK if websocket.headers.get("content-type") == "application/msgpack" else JSON
    session = endpoint.session(Outbox(codec), config)
    endpoint.sessions.add(session)
    try:
        await websocket.accept()
        session.welcome()
        if _KEY in websocket.headers or _SECRET in websocket.headers:
            session.log_in(websocket.headers.get(_KEY), websocket.headers.get(_SECRET))
        await _converse(websocket, link, endpoint, session)
    finally:
        endpoint.leave(session, clean=link.said_goodbye)
        session.ended.set()


async def _converse(websocket: WebSocket, link: SimulatorSocket, endpoint: Gate[S], session: S) -> None:
    async with asyncio.TaskGroup() as group:
        reader = group.create_task(_read(websocket, session))
        sender = group.create_task(_send(websocket, session.outbox))
        await session.outbox.closed.wait()
        # What is frozen cannot even be cut; the time to take the last messages begins afterwards.
        await endpoint.faults.flowing.wait()
        await asyncio.wait({sender}, timeout=LINGER_S)
        if not sender.done():
            link.abort()
        sender.cancel()
        reader.cancel()


async def _read(websocket: WebSocket, session: Conversation) -> None:
    try:
        async with asyncio.timeout(None if session.authenticated else AUTH_TIMEOUT_S) as deadline:
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
        async for payload, text in outbox.frames():
            if text:
                await websocket.send_text(payload.decode())
            else:
                await websocket.send_bytes(payload)
        await websocket.close(outbox.close_code)
    except WebSocketDisconnect:
        return
