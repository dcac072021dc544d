"""The simulated Alpaca on one socket, inside the running loop: streams, REST, and a page about itself."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from tapecast.simulator import rest, stream
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.endpoint import CRYPTO_PATH, PATHS, STOCK_PATH, Endpoint
from tapecast.simulator.market import SimulatedMarket
from tapecast.simulator.sockets import SimulatorSocket
from tapecast.simulator.tape import run_tape

__all__ = ["Simulator", "SimulatorConfig", "environment", "simulator"]

START_TIMEOUT_S: Final = 5.0
_EVERYWHERE: Final = "0.0.0.0"  # noqa: S104
CUT_AFTER_S: Final = 1
"""At the end, how long clients may take what they were sent before their sockets are cut."""


def environment(base_host: str, port: int, config: SimulatorConfig) -> dict[str, str]:
    """The settings that point a service at a simulator. Nothing needs to run."""
    place = _place(base_host, port)
    return {
        "FEED": "simulated",
        "ALPACA_PAPER_API_KEY": config.key,
        "ALPACA_PAPER_SECRET_KEY": config.secret,
        "ALPACA_STREAM_URL": f"ws://{place}{STOCK_PATH}",
        "ALPACA_CRYPTO_STREAM_URL": f"ws://{place}{CRYPTO_PATH}",
        "ALPACA_DATA_URL": f"http://{place}",
        "ALPACA_TRADING_URL": f"http://{place}",
    }


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Simulator:
    """A running simulator, as tests and the command line see it."""

    def __init__(self, config: SimulatorConfig, host: str, port: int) -> None:
        self._config = config
        self._host = host
        self._port = port
        self.market = SimulatedMarket(config.seed, config.rate, is_open=config.market_open)
        self._endpoints = {path: Endpoint(path) for path in PATHS}
        self.app = self._app()

    @property
    def base(self) -> str:
        """Where it is."""
        return f"http://{_place(self._host, self._port)}"

    def environment(self) -> dict[str, str]:
        """The settings that point a service here."""
        return environment(self._host, self._port, self._config)

    @property
    def dials(self) -> dict[str, int]:
        """WebSocket connections since the start, by path."""
        return {path: endpoint.dials for path, endpoint in self._endpoints.items()}

    def subscribed(self, path: str) -> frozenset[str]:
        """The symbols whose trades go to the session that holds this path."""
        holder = self._endpoints[path].holder
        return holder.trades if holder is not None else frozenset()

    async def close_sessions(self, code: int) -> None:
        """End every open connection of the data streams with this close code."""
        open_now = [each for endpoint in self._endpoints.values() for each in endpoint.sessions]
        for session in open_now:
            session.outbox.close(code)
        async with asyncio.timeout(2 * stream.LINGER_S):
            for session in open_now:
                await session.ended.wait()

    async def run_tape(self) -> None:
        """Let the market move, for ever."""
        await run_tape(self.market, self._endpoints.values())

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", _about),
                *rest.Rest(self.market, self._config).routes(),
                WebSocketRoute("/{path:path}", self._stream),
            ],
            exception_handlers={HTTPException: rest.on_error},
        )

    async def _stream(self, websocket: WebSocket) -> None:
        endpoint = self._endpoints.get(websocket.url.path)
        if endpoint is None:
            await websocket.send_denial_response(rest.json({"message": "endpoint not found."}, 404))
            return
        await stream.serve(websocket, endpoint, self._config)


class _Server(uvicorn.Server):
    """uvicorn inside somebody else's process: no signal handlers, says when it is ready, and does end."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    def stop(self) -> None:
        """Shut down in order, soon."""
        self.should_exit = True

    def cut(self) -> None:
        """Drop what is still connected: a transport that is only closed may wait for ever."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()


@asynccontextmanager
async def simulator(config: SimulatorConfig, sock: socket.socket) -> AsyncIterator[Simulator]:
    """A simulator that serves on a bound socket, ready when this yields and gone when it is left."""
    host, port = sock.getsockname()[:2]
    # A server may listen everywhere; a client needs one place.
    running = Simulator(config, "127.0.0.1" if host == _EVERYWHERE else host, port)
    server = _Server(
        uvicorn.Config(
            running.app,
            ws=SimulatorSocket,
            ws_per_message_deflate=False,
            lifespan="off",
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=CUT_AFTER_S,
        )
    )
    task = asyncio.create_task(_serve(running, server, sock), name="simulator")
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            await server.ready.wait()
        yield running
    finally:
        server.stop()
        await task


async def _serve(running: Simulator, server: _Server, sock: socket.socket) -> None:
    tape = asyncio.create_task(running.run_tape(), name="tape")
    # Without its market the simulator would go on as a venue that is silent.
    tape.add_done_callback(lambda _: server.stop())
    try:
        await server.serve([sock])
    finally:
        server.cut()
        tape.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await tape


async def _about(_: Request) -> Response:
    paths = "\n".join(f"  ws  {path}" for path in PATHS)
    return PlainTextResponse(_ABOUT.format(streams=paths))


_ABOUT: Final = """\
This is a SIMULATED Alpaca. Its market is a random walk; nothing here is a real price or a real account.

Data streams (WebSocket, msgpack or JSON):
{streams}

REST:
  GET /v2/stocks/trades/latest?symbols=AAPL,MSFT
  GET /v2/stocks/quotes/latest?symbols=AAPL,MSFT
  GET /v2/stocks/snapshots?symbols=AAPL,MSFT
  GET /v1beta3/crypto/us/latest/trades?symbols=BTC/USD
  GET /v1beta3/crypto/us/latest/quotes?symbols=BTC/USD
  GET /v1beta3/crypto/us/snapshots?symbols=BTC/USD
  GET /v2/clock
  GET /v2/account
  GET /v2/positions
  GET /v2/assets?asset_class=crypto
"""
