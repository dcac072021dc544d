"""Whether what came back may come back: HTTP to the letter, a documented answer, and nothing private."""

from __future__ import annotations

import json
import re
from typing import Final

from tests.e2e.forger import OLDER, TOKEN
from tests.fuzz.requests import CANARY

PASSWORD: Final = "password-of-the-redis-behind-it"
SECRETS: Final = (TOKEN, OLDER, PASSWORD)
STATUSES: Final = frozenset({200, 400, 401, 403, 404, 405, 413, 429, 431})
# Those that uvicorn, Starlette's CORS and our own protocol answer without JSON.
BARE: Final = frozenset({400, 431})
_LINE: Final = re.compile(rb"HTTP/1\.1 (\d{3}) [A-Za-z -]*")
_HEADER: Final = re.compile(rb"([a-z-]+): ([\x20-\x7e]*)")


class Answer:
    """One response, and what stood behind it."""

    def __init__(self, data: bytes) -> None:
        head, mark, self.rest = data.partition(b"\r\n\r\n")
        assert mark, f"no end of a head: {data!r}"
        first, *lines = head.split(b"\r\n")
        match = _LINE.fullmatch(first)
        assert match, first
        self.status = int(match[1])
        self.headers: dict[str, str] = {}
        for line in lines:
            found = _HEADER.fullmatch(line)
            assert found, f"no header: {line!r}"
            name = found[1].decode()
            assert name not in self.headers, f"{name} twice"
            self.headers[name] = found[2].decode()
        assert CANARY.encode() not in head.lower(), head

    @property
    def is_stream(self) -> bool:
        """Whether it is one that has no end of its own."""
        return "content-length" not in self.headers and "event-stream" in self.headers.get("content-type", "")

    def body(self) -> bytes:
        """Its body, which has the length that it says."""
        length = int(self.headers["content-length"])
        assert len(self.rest) >= length
        return self.rest[:length]


def is_enough(data: bytes, method: str) -> bool:
    """Whether this is a whole answer, or the begin of a stream."""
    data = _final(data)
    if b"\r\n\r\n" not in data:
        return False
    answer = Answer(data)
    if method == "HEAD":
        return True
    if answer.is_stream:
        return b"event: hello" in answer.rest or "content-encoding" in answer.headers
    return len(answer.rest) >= int(answer.headers["content-length"])


def check(data: bytes, method: str) -> str:
    """Status and code of the answer to a request of this method. Fails if anything is wrong with it."""
    check_silence(data)
    data = _final(data)
    answer = Answer(data)
    assert answer.status in STATUSES, data
    if method == "HEAD":
        return f"{answer.status} {method}"
    return f"{answer.status} stream" if answer.is_stream else f"{answer.status} {_code(answer)}".strip()


def check_silence(said: bytes) -> None:
    """Nothing is in it that belongs to nobody: in an answer, or in the log."""
    assert not any(secret.encode() in said for secret in SECRETS), "a secret was told"
    assert not any(word in said for word in (b"Traceback", b"Exception", b"Error:")), said


def _code(answer: Answer) -> str:
    body = answer.body()
    if "json" not in answer.headers.get("content-type", ""):
        assert answer.status == 200 or answer.status in BARE, body
        return ""
    said = json.loads(body)
    if answer.status == 200:
        return ""
    assert set(said) == {"error"}
    assert set(said["error"]) == {"code", "message"}
    # What a client sent is shown short.
    assert len(said["error"]["message"]) < 500, said
    return str(said["error"]["code"])


def _final(data: bytes) -> bytes:
    # "Go on with the body", as the client had asked to be told.
    return data.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
