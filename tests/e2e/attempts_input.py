"""Attempts with input that is wrong, hostile, or too much."""

from __future__ import annotations

from tests.e2e.attempt import BEARER, PRICES, Act, Caller, pushes, rows, sends, waits
from tests.e2e.wire import get

KIBIBYTE = b"x" * 1024
MEGABYTE = KIBIBYTE * 1024


def _post(body: bytes, *headers: str) -> bytes:
    return get("/tickets", BEARER, f"Content-Length: {len(body)}", *headers, method="POST") + body


def _head(*lines: bytes) -> bytes:
    return b"\r\n".join([*lines, b"Host: localhost", b"", b""])


async def _among_bad_ones(caller: Caller) -> None:
    await caller.send(get("/stream/prices?symbols=no%20such,AAPL"))
    await caller.until(lambda: caller.refused)


def _floods(header: str, flood: bytes) -> Act:
    """Begin to send more than anybody reads when the stream is there."""

    async def act(caller: Caller) -> None:
        await caller.send(get(PRICES, BEARER, header))
        await caller.until(lambda: caller.newest)
        await pushes(b"", flood)(caller)

    return act


async def _insists(caller: Caller) -> None:
    await caller.send(get("/healthz", f"Content-Length: {2**20}"))
    await caller.settle()
    await pushes(b"", MEGABYTE)(caller)


async def _half_closes(caller: Caller) -> None:
    await caller.send(get(PRICES))
    await caller.until(lambda: caller.newest)
    caller.shut()
    await caller.end()


def _asks(query: str, path: str = "/stream/prices?") -> Act:
    return sends(get(path + query))


_MANY = b'{"symbols": [%s]}' % b",".join(b'"A%d"' % i for i in range(201))
_CHUNKED = get("/tickets", BEARER, "Transfer-Encoding: chunked", method="POST")
_CHUNK = b"400\r\n" + KIBIBYTE + b"\r\n"

QUERY = rows(
    "Paths and queries",
    "open",
    ("no symbols", "400 `symbols_missing`", _asks("")),
    ("nothing of several", "400 `symbols_missing`", _asks("positions=no", "/stream?")),
    ("what is no symbol", "400 `symbol_invalid`", _asks("symbols=%00%ff,../../etc/passwd")),
    ("what is none beside one that is", "200, `NO SUCH` refused: `symbol_invalid`", _among_bad_ones),
    ("1,001 symbols", "400 `too_many_symbols`", _asks("symbols=" + ",".join(f"A{i}" for i in range(1001)))),
    ("an interval that is no number", "400 `interval_invalid`", _asks("symbols=AAPL&interval=nan")),
    ("an interval of 400 digits", "200, the stream", _asks("symbols=AAPL&interval=" + "9" * 400)),
    ("a header in a parameter", "400 `symbol_invalid`", _asks("symbols=%0d%0aSet-Cookie:%20a=b")),
    (
        "a line break in the path: HTTP/0.9, up to there",
        "200",
        waits(b"GET /healthz\r\nX: y HTTP/1.1\r\n\r\n"),
    ),
    ("`/../../etc/passwd`", "404 `not_found`", sends(get("/../../etc/passwd"))),
    ("`/x%2f..%2fstream/prices`", "404 `not_found`", sends(get("/x%2f..%2fstream/prices?symbols=AAPL"))),
    (
        "`//evil.example/stream/prices`",
        "404 `not_found`",
        sends(get("//evil.example/stream/prices?symbols=AAPL")),
    ),
    ("`/%00`", "404 `not_found`", sends(get("/%00"))),
    ("a path of 8 KB", "404 `not_found`", sends(get("/" + "a" * 8192))),
    ("another method", "405 `method_not_allowed`", sends(get(PRICES, method="DELETE"))),
    ("`TRACE`", "405 `method_not_allowed`", sends(get("/healthz", method="TRACE"))),
    (
        "a preflight for a header that is none of ours",
        "400",
        sends(
            get(
                PRICES,
                "Origin: https://evil.example",
                "Access-Control-Request-Method: GET",
                "Access-Control-Request-Headers: X-Secret",
                method="OPTIONS",
            )
        ),
    ),
)

HEADERS = rows(
    "Heads",
    "open",
    ("a `Last-Event-ID` of 1 KB", "200, the stream", sends(get(PRICES, "Last-Event-ID: " + "x" * 1024))),
    (
        "a `Last-Event-ID` of 1 MB",
        "431",
        pushes(get(PRICES)[:-2] + b"Last-Event-ID: ", MEGABYTE),
    ),
    ("a URL of 1 MB", "431", pushes(b"GET /", MEGABYTE)),
    ("100,000 headers", "431", pushes(get(PRICES)[:-2], b"X: y\r\n" * 1000, 100)),
    (
        "`Content-Length` twice",
        "400",
        waits(get(PRICES, "Content-Length: 1", "Content-Length: 2")),
    ),
    (
        "`Content-Length` and `Transfer-Encoding`",
        "400",
        waits(get(PRICES, "Content-Length: 1", "Transfer-Encoding: chunked")),
    ),
    ("a `Content-Length` that is none", "400", waits(get(PRICES, "Content-Length: -1"))),
    ("a space before the colon", "400", waits(get(PRICES, "Content-Length : 1"))),
    ("a header that goes on in a second line", "400", waits(get(PRICES, "X: a\r\n b"))),
    ("a bare line feed in a header", "400", waits(get(PRICES, "X: a\nSet-Cookie: b"))),
    ("a NUL in a header", "400", waits(get(PRICES, "X: a\0b"))),
    ("a method that is none", "400", waits(get(PRICES, method="BREW"))),
    ("`CONNECT`", "400", waits(get("evil.example:443", method="CONNECT"))),
    ("HTTP/0.9", "cut off after 10 s", waits(b"GET /healthz\r\n")),
    ("HTTP/2", "400", waits(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")),
    ("TLS", "400", waits(bytes.fromhex("16030100c8010000c40303") + bytes(200))),
    ("a WebSocket", "200, the stream", sends(get(PRICES, "Connection: Upgrade", "Upgrade: websocket"))),
)

BODIES = rows(
    "Bodies of a `GET`",
    "token",
    ("a few bytes", "200, the stream", sends(get(PRICES, BEARER, "Content-Length: 9") + b'{"a": 1}}')),
    ("one that does not come", "200, the stream", sends(get(PRICES, BEARER, "Content-Length: 9"))),
    ("1 MB", "200, the stream, then cut off", _floods(f"Content-Length: {2**20}", MEGABYTE)),
    (
        "chunks without end",
        "200, the stream, then cut off",
        _floods("Transfer-Encoding: chunked", _CHUNK * 1000),
    ),
    ("a few bytes, where no stream is asked for", "200", sends(get("/healthz", "Content-Length: 2") + b"{}")),
    (
        "1 MB, where no stream is asked for",
        "200, then cut off",
        _insists,
    ),
    (
        "one that does not come, where no stream is asked for",
        "200, then cut off after 10 s",
        waits(get("/healthz", "Content-Length: 9")),
    ),
)

POSTED = rows(
    "Bodies of `POST /tickets`",
    "token",
    ("no JSON, without a token", "401 `unauthorized`", sends(_post(b"{{{").replace(b"Bearer", b"Basic"))),
    ("no JSON", "400 `body_invalid`", sends(_post(b"{{{"))),
    ("10,000 brackets", "400 `body_invalid`", sends(_post(b"[" * 10_000))),
    ("an unknown field", "400 `body_invalid`", sends(_post(b'{"scope": "all"}'))),
    ("an unknown stream", "400 `body_invalid`", sends(_post(b'{"streams": ["orders"]}'))),
    ("a negative time", "400 `body_invalid`", sends(_post(b'{"ttl_s": -1}'))),
    ("201 symbols", "400 `too_many_symbols`", sends(_post(_MANY))),
    ("32 KB", "413 `body_too_large`", sends(_post(KIBIBYTE * 32))),
    ("chunks without end", "413 `body_too_large`", sends(_CHUNKED, _CHUNK * 32)),
    ("a chunk of a size that is none", "400", waits(_CHUNKED, b"zz\r\n")),
)

CONNECTIONS = rows(
    "Connections",
    "open",
    ("20,000 requests in a row", "cut off", pushes(b"", get("/healthz") * 20_000)),
    ("1 MB of noise on an open stream", "200, the stream, then cut off", _floods("X: y", MEGABYTE)),
    ("a stream whose client closes its side", "200, the stream, then cut off", _half_closes),
)

INPUT = [*QUERY, *HEADERS, *BODIES, *POSTED, *CONNECTIONS]
