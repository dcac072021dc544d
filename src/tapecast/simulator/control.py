"""The simulator's control by HTTP: the words of `Simulator`'s methods, for programs in other processes.

    GET    /control                 what is wrong, who is connected
    POST   /control/faults          switches (`changes.py`), of one path or of all
    DELETE /control/faults          everything well again
    POST   /control/<what happens>  once (`acts.py`)

For this machine only: whoever else can reach the port must not be able to break a demo.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from ipaddress import ip_address
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tapecast.simulator import rest
from tapecast.simulator.acts import ACTS
from tapecast.simulator.changes import change, shown
from tapecast.simulator.venue import Simulator

Handler = Callable[[Request], Awaitable[Response]]


class Control:
    """The control of one simulator."""

    def __init__(self, running: Simulator) -> None:
        self._running = running

    def routes(self) -> list[Route]:
        """What to serve where."""
        return [
            Route("/control", _guarded(self._show)),
            Route("/control/faults", _guarded(self._change), methods=["POST"]),
            Route("/control/faults", _guarded(self._clear), methods=["DELETE"]),
            Route("/control/{act}", _guarded(self._act), methods=["POST"]),
        ]

    async def _show(self, _: Request) -> Response:
        return rest.json(self._state())

    async def _change(self, request: Request) -> Response:
        words = _decoded(await request.body(), dict[str, Any])
        path = words.pop("path", None)
        wanted = change(words)
        for endpoint in self._running.at(path):
            wanted.apply(endpoint.faults)
        wanted.apply_to_rest(self._running.rest_faults)
        return rest.json(self._state())

    async def _clear(self, request: Request) -> Response:
        self._running.clear_faults(request.query_params.get("path"))
        return rest.json(self._state())

    async def _act(self, request: Request) -> Response:
        act = ACTS.get(request.path_params["act"])
        if act is None:
            raise HTTPException(404, f"there is no such control; there are: faults, {', '.join(ACTS)}")
        words = _decoded(await request.body(), act.words)
        result = act.method(self._running, **msgspec.structs.asdict(words))
        if isawaitable(result):
            await result
        return rest.json({act.result: result} if act.result else {})

    def _state(self) -> dict[str, Any]:
        paths = {each.path: each for each in self._running.at(None)}
        return {
            "simulated": True,
            "rest": shown(self._running.rest_faults),
            "paths": {
                path: {
                    "dials": each.dials,
                    "sessions": len(each.sessions),
                    "subscribed": sorted(self._running.subscribed(path)),
                    "frozen": each.faults.frozen,
                    "faults": shown(each.faults),
                }
                for path, each in paths.items()
            },
        }


def _guarded(handler: Handler) -> Handler:
    """For programs of this machine; and what they say wrong is told, not logged."""

    async def guarded(request: Request) -> Response:
        # A page that somebody has open on this machine is not one of its programs.
        if "origin" in request.headers or not _is_loopback(request):
            raise HTTPException(403, "the control is for programs on the simulator's own machine")
        try:
            return await handler(request)
        except ValueError as error:
            raise HTTPException(400, str(error)) from None

    return guarded


def _is_loopback(request: Request) -> bool:
    if request.client is None:
        return False
    try:
        address = ip_address(request.client.host.removeprefix("::ffff:"))
    except ValueError:
        return False
    return address.is_loopback


def _decoded(body: bytes, shape: type[Any]) -> Any:
    """A body as what it should be. Raises ValueError that says what that is."""
    try:
        return msgspec.json.decode(body or b"{}", type=shape)
    except msgspec.ValidationError as error:
        allowed = ", ".join(getattr(shape, "__struct_fields__", ("path", "faults by name")))
        raise ValueError(f"{error}; fields are: {allowed}") from None
    except msgspec.DecodeError as error:
        raise ValueError(f"not a JSON object: {error}") from None
