"""Every refusal as `{"error": {"code", "message"}}`, and the one kind that browsers need to hear otherwise.

A browser's EventSource gives up for ever on any answer that is not 200. So a refusal that time will mend
(429, 503) is told to it as a stream that says `bye` and ends, after which it comes back by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ExceptionHandler

from tapecast.api import frames
from tapecast.api.streams import accepts_stream
from tapecast.api.tickets import EXPIRED
from tapecast.errors import ClientError

Answer = Callable[[Request, Exception], Awaitable[Response]]

TEMPORARY = frozenset({429, 503})
INTERNAL = "internal"
_CODES = {404: "not_found", 405: "method_not_allowed"}


async def on_client_error(request: Request, error: Exception) -> Response:
    """A request that we refuse."""
    assert isinstance(error, ClientError)  # noqa: S101 - registered for nothing else
    if accepts_stream(request):
        if error.status in TEMPORARY:
            return _farewell(frames.bye(error.code, error.message, error.retry_after or frames.RETRY_S))
        if error.code == EXPIRED[0]:
            # The page would learn nothing from a 401, and its ticket was ours.
            return _farewell(frames.bye_expired(error.code, error.message))
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    return _answer(error.status, error.code, error.message, headers)


async def on_http_error(request: Request, error: Exception) -> Response:
    """A path or a method that we do not have."""
    del request
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    return _answer(error.status_code, _code(error), error.detail, dict(error.headers or {}))


async def on_bug(request: Request, error: Exception) -> Response:
    """A bug of ours. What it was stands in our log and nowhere else."""
    del request
    return _answer(500, _code(error), "something went wrong here; it has been logged", {})


def handlers(refused: Counter[str]) -> dict[int | type[Exception], ExceptionHandler]:
    """What answers which error; each is counted by its code."""

    def counted(answer: Answer) -> ExceptionHandler:
        async def handle(request: Request, error: Exception) -> Response:
            refused[_code(error)] += 1
            return await answer(request, error)

        return handle

    return {
        ClientError: counted(on_client_error),
        HTTPException: counted(on_http_error),
        Exception: counted(on_bug),
    }


def _code(error: Exception) -> str:
    if isinstance(error, ClientError):
        return error.code
    return _CODES.get(error.status_code, "error") if isinstance(error, HTTPException) else INTERNAL


def _farewell(frame: bytes) -> Response:
    # Kept alive, a crowd of refused pages would take the files that health checks need.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Connection": "close"}
    return Response(frame, media_type="text/event-stream", headers=headers)


def _answer(status: int, code: str, message: str, headers: dict[str, str]) -> Response:
    body = {"error": {"code": code, "message": message}}
    return JSONResponse(body, status_code=status, headers={"Cache-Control": "no-store"} | headers)
