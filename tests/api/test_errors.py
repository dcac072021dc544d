"""Refusals: JSON for most, a stream that ends for those who would give up otherwise."""

from __future__ import annotations

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from tapecast.api.errors import on_bug, on_client_error, on_http_error
from tapecast.api.tickets import EXPIRED
from tapecast.errors import ClientError
from tests.api.peer import parsed


def request(accept: str = "*/*") -> Request:
    """A request that accepts this."""
    return Request({"type": "http", "headers": [(b"accept", accept.encode())]})


@pytest.mark.parametrize(("status", "code"), [(429, "too_many_streams"), (503, "draining")])
async def test_a_temporary_refusal_of_a_page_is_a_stream_that_ends(status: int, code: str) -> None:
    """An EventSource gives up for ever on any answer that is not 200."""
    answer = await on_client_error(
        request("text/event-stream"), ClientError(status, code, "later", retry_after=5)
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    (retry, delay), bye = parsed(bytes(answer.body))
    assert retry == "retry"
    assert 1750 <= delay <= 5000
    assert bye == ("bye", {"code": code, "message": "later"})


async def test_anyone_else_gets_the_status() -> None:
    """With the time to come back after."""
    answer = await on_client_error(request(), ClientError(503, "draining", "later", retry_after=5))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.body == b'{"error":{"code":"draining","message":"later"}}'


async def test_a_lasting_refusal_is_told_to_pages_too() -> None:
    """Time will not mend it, so the page may give up."""
    answer = await on_client_error(request("text/event-stream"), ClientError(401, "unauthorized", "token?"))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "retry-after" not in answer.headers


async def test_an_expired_ticket_is_told_to_pages_as_a_stream_that_ends() -> None:
    """It was ours, and the page can fetch another; with this one it need not come back at once."""
    error = ClientError(401, *EXPIRED)
    answer = await on_client_error(request("text/event-stream"), error)
    assert answer.status_code == 200
    retry, (name, data) = parsed(bytes(answer.body))
    assert (retry, name, data["code"]) == (("retry", 60_000), "bye", "ticket_expired")
    assert (await on_client_error(request(), error)).status_code == 401


@pytest.mark.parametrize(
    ("status", "code"), [(404, "not_found"), (405, "method_not_allowed"), (418, "error")]
)
async def test_errors_of_the_router_are_json(status: int, code: str) -> None:
    """With their headers, such as Allow."""
    answer = await on_http_error(request(), HTTPException(status, "no", {"Allow": "GET"}))
    assert answer.status_code == status
    assert answer.headers["allow"] == "GET"
    assert answer.body == b'{"error":{"code":"%s","message":"no"}}' % code.encode()


async def test_a_bug_gives_nothing_away() -> None:
    """What it was is for our log."""
    answer = await on_bug(request(), RuntimeError("s3cret"))
    assert answer.status_code == 500
    assert b"s3cret" not in bytes(answer.body)
    assert b'"internal"' in bytes(answer.body)
