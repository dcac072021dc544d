"""HTTP requests that nobody would write by hand: odd in a part or two, and then also in their bytes.

What is `is_whole` is framed as HTTP demands, however odd its contents, so that there has to be an answer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import quote

from hypothesis import strategies as st

from tests.e2e.attempt import BEARER
from tests.e2e.forger import claimed, headed, ticket
from tests.fuzz.frames import VALUES, amended, mutated

CANARY = "zqx7canary"
"""In whatever a client chooses freely: it must not come back in a header."""
LIVE = ("AAPL", "MSFT", "BTC/USD")

METHODS = ["HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"]
PATHS = [
    "/stream", "/stream", "/stream/prices", "/stream/prices", "/stream/prices", "/stream/positions",
    "/stream/status", "/stream/status", "/tickets", "/tickets", "/prices", "/healthz",
    "/readyz", "/metrics", "/", "/api", "/api/", "/api/stream/prices", "/api/tickets", f"/{CANARY}",
]  # fmt: skip
TWISTS = [
    "/", "//", "/..", "/%2e%2e", "%00", "%", "%zz", "%ff", ";a=b", "/" + "a" * 8192, "%0d%0aX:%20" + CANARY,
]  # fmt: skip
NAMES = [
    "symbols", "symbols", "prices", "interval", "positions", "status", "ticket", "token", "SYMBOLS",
    "symbols[]", CANARY,
]  # fmt: skip
ODD_TEXTS = [
    "", ",", ",,,", "AAPL", "aapl,MSFT", "BTC/USD", "BTC%2FUSD", "%00", "%0d%0aSet-Cookie:%20" + CANARY,
    "%", "%e", "%zz", "%ED%A0%80", "%C0%80", "%FF%FE", "\N{SNOWMAN}", "AAPL," * 1100, "A" * 5000, "0",
    "-1", "1e309", "nan", "60001", "9" * 400, "+1", "1.5", "true", "no", "<script>", "%3Cscript%3E",
    "AAPL240315C00172500", "ß",
]  # fmt: skip
TICKETS = [
    ticket(),
    ticket("prices"),
    ticket(lasts_s=-9),
    claimed(b"x" * 32),
    headed("none"),
    "a.b.c",
    "." * 90,
]

HEADERS = [
    "Accept: text/event-stream", "Accept: */*", "Accept: text/event-stream;q=0, */*",
    "Accept: " + "a/b," * 500, "Accept-Encoding: gzip", "Accept-Encoding: gzip;q=0",
    "Accept-Encoding: gzip;q=x, *;q=nan", "Accept-Encoding: br, *", "Authorization: Bearer nope",
    "Authorization: Bearer",
    "Authorization:", f"Authorization: Basic {CANARY}", "Authorization: Bearer \xe9\xff",
    "Host: localhost", "Host: evil.example:99999", "Host: [::1", f"Host: {CANARY}", "Host:",
    f"Origin: https://{CANARY}.example", "Origin: null", f"Access-Control-Request-Method: {CANARY}",
    "Access-Control-Request-Method: GET", f"Access-Control-Request-Headers: {CANARY}",
    "Access-Control-Request-Headers: authorization", "X-Forwarded-For: 127.0.0.1",
    "Forwarded: for=127.0.0.1", f"X-Forwarded-Host: {CANARY}", f"X-Forwarded-Proto: {CANARY}",
    "X-Real-IP: ::1", "Via: 1.1 x", f"Last-Event-ID: {CANARY}", "Last-Event-ID: " + "9" * 30_000,
    f"Cookie: a={CANARY}", "Range: bytes=0-", f"If-None-Match: {CANARY}", f"X-Request-ID: {CANARY}",
    "Connection: close", "Connection: keep-alive, Upgrade", "Upgrade: websocket", "Upgrade: h2c",
    "Expect: 100-continue", f"Expect: {CANARY}", "Content-Type: text/plain",
    "Content-Type: application/json; charset=utf-7", "Content-Encoding: gzip", "TE: trailers",
    "Trailer: X", "Sec-Fetch-Site: cross-site", f"User-Agent: {CANARY}\t\x80", f"{CANARY}: {CANARY}",
    "X" * 9000 + ": y",
]  # fmt: skip
# Not HTTP, or at odds with itself.
BROKEN = [
    "Content-Length: 5", "Content-Length: -1", "Content-Length: 99999999999999999999",
    "Content-Length: 0x5", "Content-Length: 1, 2", "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: x", f"X: a\nSet-Cookie: {CANARY}",
    f"X: a\rSet-Cookie: {CANARY}", "X : y", ": y", "X", "X: a\0b", "X: a\r\n folded",
]  # fmt: skip
WISH = {"streams": ["prices"], "symbols": ["AAPL", "BTC/USD"], "ttl_s": 60}


@dataclass(frozen=True)
class Request:
    """One, as bytes."""

    data: bytes
    method: str
    # Whether it must be answered.
    is_whole: bool


pairs = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from(ODD_TEXTS)
    | st.sampled_from(TICKETS)
    | st.lists(st.sampled_from(LIVE), min_size=1).map(",".join)
    | st.text(st.characters(codec="utf-8"), max_size=12).map(lambda text: quote(text, safe="")),
).map("=".join)
# Half of them ask for something that there is, whatever else they ask for.
starts = st.sampled_from([[], ["symbols=AAPL"], ["prices=MSFT"], ["symbols=AAPL", "prices=AAPL,X%20Y"]])
queries = st.builds(
    lambda start, parts, mark: mark.join([*start, *parts]),
    starts,
    st.lists(pairs | st.sampled_from(NAMES), max_size=3),
    st.sampled_from(["&", "&", "&", "&&", ";"]),
)
bodies = (
    amended(WISH, VALUES).map(json.dumps).map(str.encode)
    | mutated(json.dumps(WISH).encode())
    | VALUES.map(json.dumps).map(str.encode)
    | st.binary(max_size=50)
    | st.sampled_from([b"", b"[" * 9000, b"\xef\xbb\xbf{}", b"{}" + b" " * 17_000])
)


_seldom = st.integers(0, 6).map(lambda dice: dice == 5)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """One request, odd in places."""
    path = draw(st.sampled_from(PATHS))
    method = "POST" if path.endswith("/tickets") else "GET"
    headers = draw(st.lists(st.sampled_from(HEADERS), max_size=4))
    if draw(st.booleans()):
        headers.append(BEARER)
    if draw(_seldom):
        path += draw(st.sampled_from(TWISTS))
    if draw(_seldom):
        method = draw(st.sampled_from(METHODS))
    query = draw(queries)
    target = path + (f"?{query}" if query or draw(st.booleans()) else "")
    body, framing = draw(
        _framed(["none", "length", "chunks"] if method == "POST" else ["none"] * 4 + ["length"])
    )
    is_whole = True
    if draw(_seldom):
        headers.append(draw(st.sampled_from(BROKEN)))
        is_whole = False
    head = "\r\n".join([f"{method} {target} HTTP/1.1", *headers, *framing, "", ""])
    # Other bytes are not HTTP in a target; a head that is too long may be cut off before its answer is out.
    is_whole = is_whole and target.isascii() and len(head) < 60_000
    return Request(head.encode("utf-8") + body, method, is_whole)


@st.composite
def _framed(draw: st.DrawFn, kinds: list[str]) -> tuple[bytes, list[str]]:
    kind = draw(st.sampled_from(kinds))
    if kind == "none":
        return b"", []
    body = draw(bodies)
    if kind == "length":
        return body, [f"Content-Length: {len(body)}"]
    at = draw(st.integers(0, len(body)))
    parts = [part for part in (body[:at], body[at:]) if part]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return chunks + b"0\r\n\r\n", ["Transfer-Encoding: chunked"]


@st.composite
def broken(draw: st.DrawFn) -> Request:
    """One whose bytes were changed, whatever it then is."""
    good = draw(requests())
    return Request(draw(mutated(good.data)), good.method, is_whole=False)
