"""Whatever is not the stream that was asked for: a stable word to count it by, and a line on what to do next.

The first connection's ends the run, the others' are counted. The client's failures.py tells the same causes
as httpx raises them; here they are those of sockets, and name this command's options.
"""

from __future__ import annotations

import json
import socket
import ssl
from typing import Any, Final
from urllib.parse import urlsplit

from tapecast import exits
from tapecast.bench.plan import Plan
from tapecast.bench.wire import DIAL_S, Connection, NotHttp
from tapecast.errors import TapecastError
from tapecast.refusals import Kind, clean, kind_of, said_in

_NEXT: Final = {
    "unauthorized": "get a ticket (POST /tickets with your API_TOKEN) and set TAPECAST_TICKET",
    "ticket_expired": "get a new one (POST /tickets) and set TAPECAST_TICKET",
    "forbidden": "get a ticket that is for prices (POST /tickets)",
    "too_many_streams": "mind MAX_STREAMS, MAX_STREAMS_PER_CLIENT and ACCEPT_RATE there, and --ramp",
    "too_many_symbols": "name fewer --symbols",
    "draining": "it is being stopped or replaced: try again in a minute",
    "cache_unavailable": "it cannot reach its Redis: see docs/runbook.md",
}
_BY_STATUS: Final = {
    401: "something in front of it wants a login: ask it directly",
    403: "something in front of it refuses this machine: ask it directly",
    404: "is this the base URL of a tapecast api?",
    429: "something in front of it limits requests: wait, or ask it directly",
    502: "a proxy answers, and the api behind it does not",
    503: "a proxy answers, and the api behind it is not there",
    504: "a proxy answers, and the api behind it does not in time",
}
_EXITS: Final = {Kind.NOT_ALLOWED: exits.NOT_ALLOWED, Kind.WRONG: exits.WRONG}


class Unreachable(TapecastError):
    """There is nothing to measure. The message says why and what to do."""

    def __init__(self, message: str, exit_code: int = exits.NO_STREAM) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def hopeless(answer: Connection, word: str, line: str) -> Unreachable:
    """The end of a run that a first answer, told as this word and line, leaves nothing to measure."""
    if word == "ticket_expired":
        return Unreachable(line, exits.NOT_ALLOWED)
    kind = kind_of(answer.status, said_in(answer.body))
    return Unreachable(line, _EXITS.get(kind, exits.NO_STREAM))


def failure(error: BaseException, plan: Plan) -> tuple[str, str]:
    """Of a connection that failed: the word, and the line."""
    target = plan.target
    match error:
        case ConnectionRefusedError():
            word, line = "connection_refused", f"nothing listens at {target}: does it run, is that its port?"
        case socket.gaierror():
            word, line = "unknown_host", f"{target.host} cannot be found: check its spelling, and the DNS"
        case TimeoutError():
            hint = "does a firewall drop it, or is it overloaded?"
            word, line = "timeout", f"{target} has not answered within {DIAL_S:.0f} s: {hint}"
        case ssl.SSLCertVerificationError():
            hint = "an authority of your own goes into SSL_CERT_FILE"
            why = getattr(error, "verify_message", "it does not say why")
            word, line = "tls", f"the certificate of {target} is not trusted ({why}); {hint}"
        case ssl.SSLError():
            why = getattr(error, "reason", None) or "it does not say why"
            word, line = "tls", f"{target} does not speak TLS as it should ({why}); is it http://?"
        case NotHttp():
            hint = "is it https://, or another port?"
            word, line = "not_http", f"something at {target} answers, but {error}; {hint}"
        case ConnectionError():
            word, line = "reset", f"{target} closed the connection without an answer; is it https://?"
        case _:
            why = getattr(error, "strerror", None) or type(error).__name__
            word, line = "failed", f"{target} cannot be reached ({clean(str(why), plan.ticket)})"
    return word, line


def refusal(answer: Connection, plan: Plan) -> tuple[str, str]:
    """Of an answer that is not the one we came for: the word, and the line."""
    target, status = plan.target, answer.status
    if 300 <= status < 400:
        to = _origin(answer.headers.get("location", ""), plan)
        return f"http_{status}", f"{target} redirects{to}, which is not followed: give the URL that serves it"
    if (said := said_in(answer.body, plan.ticket)) is not None:
        following = _NEXT.get(said.code, "see docs/http.md")
        return said.code, f"{target} refuses: {said.message} ({said.code}); {following}"
    if 200 <= status < 300:
        kind = clean(answer.media_type)
        what = "a web page" if kind == "text/html" else f"'{kind or 'no type'}'"
        line = f"{target} answers with {what} where tapecast answers otherwise: is this its base URL?"
        return "not_tapecast", line
    following = _BY_STATUS.get(status, "is this the base URL of a tapecast api?")
    return f"http_{status}", f"{target} answers {status}, and not as tapecast does: {following}"


def farewell(code: str, message: str, plan: Plan) -> tuple[str, str]:
    """Of a stream that was ended by a `bye`, perhaps before it began: the word, and the line."""
    code, message = clean(code, plan.ticket), clean(message, plan.ticket)
    following = _NEXT.get(code, "see docs/http.md")
    return code, f"{plan.target} says goodbye: {message} ({code}); {following}"


def json_of(answer: Connection) -> dict[str, Any]:
    """The JSON object that an answer is; an empty one if it is none."""
    try:
        found = json.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _origin(location: str, plan: Plan) -> str:
    # Without its query, which repeats ours.
    try:
        parts = urlsplit(location)
    except ValueError:
        return ""
    where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
    return f" to {clean(where + parts.path, plan.ticket)}" if where + parts.path else ""
