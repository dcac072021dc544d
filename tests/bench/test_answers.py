"""Each failure has a word to count it by and a line with what to do next; none repeats a secret."""

from __future__ import annotations

import json
import socket
import ssl

import pytest

from tapecast.bench.answers import failure, farewell, refusal
from tapecast.bench.wire import Dialler, NotHttp, ask
from tapecast.refusals import LONGEST
from tests.bench.support import TICKET, answer, deployment, plan_for

PLAN = plan_for("http://localhost:8000", ticket=TICKET)


@pytest.mark.parametrize(
    ("error", "word", "hint"),
    [
        (ConnectionRefusedError(111, "refused"), "connection_refused", "nothing listens"),
        (socket.gaierror(-2, "unknown"), "unknown_host", "check its spelling"),
        (TimeoutError(), "timeout", "has not answered within 10 s"),
        (ssl.SSLError(1, "wrong version"), "tls", "is it http://?"),
        (NotHttp("its answer is no HTTP"), "not_http", "another port?"),
        (ConnectionResetError(), "reset", "is it https://?"),
        (OSError(113, "No route to host"), "failed", "No route to host"),
        (OSError("Multiple exceptions"), "failed", "OSError"),
    ],
)
def test_a_failed_connection_says_what_next(error: Exception, word: str, hint: str) -> None:
    """One line."""
    found, line = failure(error, PLAN)
    assert found == word
    assert hint in line
    assert "http://localhost:8000" in line or "localhost" in line
    assert "\n" not in line


def refused(code: str, message: str = "no") -> str:
    """The JSON of an error of ours."""
    return json.dumps({"error": {"code": code, "message": message}})


@pytest.mark.parametrize(
    ("reply", "word", "hint"),
    [
        (answer("401 Unauthorized", refused("unauthorized")), "unauthorized", "POST /tickets"),
        (answer("403 Forbidden", refused("forbidden")), "forbidden", "a ticket that is for prices"),
        (answer("429 Too Many Requests", refused("too_many_streams")), "too_many_streams", "MAX_STREAMS"),
        (answer("503 Service Unavailable", refused("draining")), "draining", "try again"),
        (answer("400 Bad Request", refused("symbol_invalid")), "symbol_invalid", "docs/http.md"),
        (answer("401 Unauthorized", "<h1>Login</h1>", kind="text/html"), "http_401", "wants a login"),
        (answer("403 Forbidden", "{}"), "http_403", "refuses this machine"),
        (answer("429 Too Many", "slow down", kind="text/plain"), "http_429", "limits requests"),
        (answer("502 Bad Gateway", "<h1>nginx</h1>", kind="text/html"), "http_502", "a proxy answers"),
        (answer("503 Unavailable", "[1]"), "http_503", "a proxy answers"),
        (answer("404 Not Found"), "http_404", "base URL of a tapecast api?"),
        (answer("418 Teapot"), "http_418", "base URL of a tapecast api?"),
        (answer("200 OK", "<html>", kind="text/html"), "not_tapecast", "a web page"),
        (answer("200 OK", "{}"), "not_tapecast", "'application/json'"),
        (answer("204 No Content", kind=""), "not_tapecast", "'no type'"),
        (
            answer("307 Temporary", "", f"Location: https://u:p@prices.example/x?ticket={TICKET}"),
            "http_307",
            "redirects to https://prices.example/x, which is not followed",
        ),
        (answer("302 Found", "", "Location: http://[::1"), "http_302", "redirects, which is not followed"),
        (answer("401 No", refused("unauthorized", f"bad {TICKET}")), "unauthorized", "bad …"),
        (answer("400 No", refused("x\x1b[2Jy", "a\nb\x07c")), "x [2Jy", "a b c"),
        (answer("400 No", refused("long", "m" * 5000)), "long", "mmm"),
    ],
)
async def test_an_answer_that_is_none_of_ours_says_what_next(reply: bytes, word: str, hint: str) -> None:
    """From a real socket: one line, bounded, printable, and without the ticket."""
    async with deployment({"/x": reply}) as url:
        plan = plan_for(url, ticket=TICKET)
        found, line = refusal(await ask(Dialler(plan.target), plan, "/x"), plan)
    assert found == word
    assert hint in line
    assert line.isprintable()
    assert len(line) < 2 * LONGEST
    assert TICKET not in line


def test_a_bye_says_what_next() -> None:
    """With the server's own words."""
    word, line = farewell("ticket_expired", "the ticket has expired", PLAN)
    assert word == "ticket_expired"
    assert line == (
        "http://localhost:8000 says goodbye: the ticket has expired (ticket_expired); "
        "get a new one (POST /tickets) and set TAPECAST_TICKET"
    )
