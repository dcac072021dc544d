"""What is served where: streams, REST with its faults, control, and a page about itself."""

from __future__ import annotations

from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, Router, WebSocketRoute
from starlette.websockets import WebSocket

from tapecast.simulator import rest, stream
from tapecast.simulator.control import Control
from tapecast.simulator.paper.limits import LimitedRest
from tapecast.simulator.paper.refusal import Refusal
from tapecast.simulator.paper.rest import PaperRest, on_refusal
from tapecast.simulator.paths import PATHS, TRADING_PATH
from tapecast.simulator.restbars import RestBars
from tapecast.simulator.restfaults import FaultyRest
from tapecast.simulator.venue import Simulator


def create_app(running: Simulator) -> Starlette:
    """All of it as one application."""

    async def connect(websocket: WebSocket) -> None:
        endpoint = running.endpoint(websocket.url.path)
        if endpoint is None:
            await websocket.send_denial_response(rest.json({"message": "endpoint not found."}, 404))
            return
        await stream.serve(websocket, endpoint, running.config)

    market, config = running.market, running.config
    data = [*rest.Rest(market, config).routes(), *RestBars(market, config).routes()]
    trading = PaperRest(running.account, config, running.rest_faults).routes()
    served = [*data, *trading]
    answers = FaultyRest(Router(served), running.rest_faults)
    return Starlette(
        routes=[
            Route("/", _about),
            *Control(running).routes(),
            WebSocketRoute("/{path:path}", connect),
            Mount("/", LimitedRest(answers, served, running.config.calls_per_minute, running.calls)),
        ],
        exception_handlers={HTTPException: rest.on_error, Refusal: on_refusal},
    )


async def _about(_: Request) -> Response:
    paths = "\n".join(f"  ws  {path}" for path in PATHS)
    return PlainTextResponse(_ABOUT.format(streams=paths, trading=TRADING_PATH))


_ABOUT: Final = """\
This is a SIMULATED Alpaca. Its market is invented or replayed: no real prices, no real account.

Data streams (WebSocket, msgpack or JSON; options msgpack only):
{streams}

Trading stream (WebSocket, JSON in binary frames, or msgpack):
  ws  {trading}

Prices by REST:
  GET /v2/stocks/trades/latest?symbols=AAPL,MSFT
  GET /v2/stocks/quotes/latest?symbols=AAPL,MSFT
  GET /v2/stocks/snapshots?symbols=AAPL,MSFT
  GET /v2/stocks/bars?symbols=AAPL&timeframe=1Min  (also 5Min, 1Hour; start, limit, page_token)
  GET /v1beta3/crypto/us/bars?symbols=BTC/USD&timeframe=1Min
  GET /v1beta1/options/bars?symbols=AAPL270115C00300000&timeframe=1Min
  GET /v1beta3/crypto/us/latest/trades?symbols=BTC/USD
  GET /v1beta3/crypto/us/latest/quotes?symbols=BTC/USD
  GET /v1beta3/crypto/us/snapshots?symbols=BTC/USD
  GET /v1beta1/options/trades/latest?symbols=AAPL270115C00300000
  GET /v1beta1/options/quotes/latest?symbols=AAPL270115C00300000
  GET /v1beta1/options/snapshots?symbols=AAPL270115C00300000

A paper account by REST, whose orders are filled at this market:
  GET /v2/account
  GET /v2/positions           DELETE closes all
  GET /v2/positions/AAPL      DELETE closes it
  GET /v2/orders?status=all   POST places one, DELETE cancels all
  GET /v2/orders/ID           PATCH replaces it, DELETE cancels it
  GET /v2/assets?asset_class=crypto
  GET /v2/clock

Faults, from this machine only (docs/simulator.md):
  GET /control
  POST /control/faults        {{"path": "/v2/iex", "silent": ["auth"]}}
  DELETE /control/faults
  POST /control/close|drop|freeze|thaw|send|error|burst|trade|quote|correct|cancel|tell
"""
