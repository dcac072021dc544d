"""Paths, methods and CORS, on the whole app."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tapecast.api.app import create_app
from tapecast.api.door import Door
from tapecast.settings import load
from tests.api.support import Bench, tick

PATHS = [
    "/prices?symbols=AAPL",
    "/stream/prices?symbols=AAPL",
    "/stream/status",
    "/stream/positions",
    "/stream?prices=AAPL&positions&status",
]


MANY = ",".join(f"A{i}" for i in range(5000))


def client_of(bench: Bench, *, raises: bool = True, **env: str) -> httpx.AsyncClient:
    """A client of the app, without a socket."""
    app = create_app(load(env), bench.hub, bench.seats, Door())
    transport = httpx.ASGITransport(app, raise_app_exceptions=raises)
    return httpx.AsyncClient(transport=transport, base_url="http://api.example")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app with default settings."""
    async with client_of(Bench()) as client:
        yield client


@pytest.mark.parametrize("prefix", ["", "/api"])
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/stream/status", "/"])
async def test_every_path_is_there_twice(client: httpx.AsyncClient, prefix: str, path: str) -> None:
    """Some platforms route by /api."""
    answer = await client.get(prefix + path)
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/nope", "/api/nope", "/stream/", "/healthz/", "/api/stream/prices/x"])
async def test_an_unknown_path_is_json(client: httpx.AsyncClient, path: str) -> None:
    """A program reads the answer."""
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize("path", ["/prices", "/api/stream/prices", "/stream", "/api/stream", "/"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_a_wrong_method_is_json(client: httpx.AsyncClient, method: str, path: str) -> None:
    """With the methods that are right."""
    answer = await client.request(method, path)
    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "method_not_allowed"
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("/prices", "symbols_missing"),
        ("/prices?symbols=", "symbols_missing"),
        ("/prices?symbols=%00%1b", "symbol_invalid"),
        ("/prices?symbols=" + MANY, "too_many_symbols"),
        ("/prices?symbols=AAPL&interval=fast", "interval_invalid"),
        ("", "symbols_missing"),
        ("?symbols=AAPL", "symbols_missing"),
        ("?prices=&positions=false&status=0", "symbols_missing"),
        ("?prices=%00%1b&status=no", "symbol_invalid"),
        ("?status&prices=" + MANY, "too_many_symbols"),
        ("?status&interval=fast", "interval_invalid"),
    ],
)
@pytest.mark.parametrize("accept", ["*/*", "text/event-stream"])
async def test_bad_input_is_a_clear_error(
    client: httpx.AsyncClient, query: str, code: str, accept: str
) -> None:
    """A 400 with its code, for pages too: time will not mend it."""
    answer = await client.get(f"/stream{query}", headers={"accept": accept})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code


async def test_a_stream_of_nothing_says_what_there_is(client: httpx.AsyncClient) -> None:
    """All three names, for whoever typed the path."""
    answer = await client.get("/api/stream")
    message = answer.json()["error"]["message"]
    assert all(name in message for name in ("prices", "positions", "status"))


@pytest.mark.parametrize("path", PATHS)
async def test_with_a_token_set_nothing_is_open(path: str) -> None:
    """401 says how to ask, and the token itself opens."""
    async with client_of(Bench(), API_TOKEN="s3cret") as client:
        answer = await client.get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["error"]["code"] == "unauthorized"
        opened = await client.head(path, headers={"authorization": "Bearer s3cret"})
        assert opened.status_code == 200


@pytest.mark.parametrize(
    ("public", "query", "refused"),
    [
        ("prices,status", "prices=AAPL&status", None),
        ("prices,status", "prices=AAPL&status&positions=no", None),
        ("prices,status", "prices=AAPL&status&positions", "positions"),
        ("prices,positions", "prices=AAPL&positions&status", "status"),
        ("positions,status", "prices=AAPL&positions&status", "prices"),
        ("positions,status", "prices=&positions&status", None),
        # Nothing is asked for, and still an answer is only for those who may ask.
        ("positions,status", "", "prices"),
    ],
)
async def test_a_multiplexed_stream_needs_the_right_to_each_of_its_subjects(
    public: str, query: str, refused: str | None
) -> None:
    """One that is missing closes all of it, and is named."""
    async with client_of(Bench(), API_TOKEN="s3cret", PUBLIC=public) as client:
        # A HEAD is checked as a GET is, and ends.
        head = await client.head(f"/stream?{query}")
        assert head.status_code == (200 if refused is None else 401)
        if refused is not None:
            error = (await client.get(f"/stream?{query}")).json()["error"]
            assert error["code"] == "unauthorized"
            assert error["message"].startswith(f"{refused}:")


@pytest.mark.parametrize("path", ["/api/stream/positions", "/stream?prices=AAPL&positions&status"])
async def test_without_a_token_positions_are_forbidden(client: httpx.AsyncClient, path: str) -> None:
    """And the answer says how to open them."""
    answer = await client.get(path, headers={"accept": "text/event-stream"})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "forbidden"
    assert "API_TOKEN" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/healthz", "/nope", "/prices", "/stream/positions"])
async def test_any_page_can_read_answers_and_errors(client: httpx.AsyncClient, path: str) -> None:
    """CORS is the outermost layer."""
    answer = await client.get(path, headers={"origin": "https://page.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["access-control-expose-headers"] == "Retry-After"


async def test_a_bug_is_an_error_that_a_page_can_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """500 as JSON, with the CORS headers, and without what went wrong."""
    bench = Bench()
    monkeypatch.setattr(bench.hub.board, "report", lambda: 1 / 0)
    async with client_of(bench, raises=False) as client:
        answer = await client.get("/stream/status", headers={"origin": "https://page.example"})
    assert answer.status_code == 500
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json()["error"]["code"] == "internal"
    assert "division" not in answer.text


async def test_a_preflight_allows_the_headers_of_the_contract(client: httpx.AsyncClient) -> None:
    """A page with fetch may send a token."""
    headers = {
        "origin": "https://page.example",
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization,last-event-id,content-type",
    }
    answer = await client.options("/stream/prices", headers=headers)
    assert answer.status_code == 200
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert all(name in allowed for name in ("authorization", "content-type", "last-event-id"))


async def test_only_named_origins_if_any_are_named() -> None:
    """Others get the answer without the header that would let their page read it."""
    async with client_of(Bench(), CORS_ORIGINS="https://mine.example") as client:
        mine = await client.get("/healthz", headers={"origin": "https://mine.example"})
        other = await client.get("/healthz", headers={"origin": "https://other.example"})
    assert mine.headers["access-control-allow-origin"] == "https://mine.example"
    assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize("path", ["/prices?symbols=A", "/stream/prices?symbols=A", "/stream?status"])
async def test_while_draining_a_page_is_told_to_come_back(path: str) -> None:
    """And anyone else gets the status."""
    bench = Bench()
    await bench.hub.audience.drain()
    async with client_of(bench) as client:
        page = await client.get(path, headers={"accept": "text/event-stream"})
        curl = await client.get(path)
    assert page.status_code == 200
    assert "event: bye" in page.text
    assert (curl.status_code, curl.json()["error"]["code"]) == (503, "draining")
    assert curl.headers["retry-after"]


@pytest.mark.parametrize("path", ["/stream/prices?symbols=A", "/api/stream?status", "/stream/status"])
async def test_a_full_server_tells_a_page_to_come_back(path: str) -> None:
    """And anyone else gets the status; what is no stream is answered as ever."""
    bench = Bench(MAX_STREAMS="1")
    bench.hub.topics.open("A")
    bench.hub.on_cached("A", tick("A", 1), None, 5.0)
    bench.connect("A")
    async with client_of(bench) as client:
        page = await client.get(path, headers={"accept": "text/event-stream"})
        assert (page.status_code, "too_many_streams" in page.text) == (200, True)
        assert page.headers["content-type"].startswith("text/event-stream")
        if path != "/stream/status":
            curl = await client.get(path)
            assert (curl.status_code, curl.json()["error"]["code"]) == (429, "too_many_streams")
            assert curl.headers["retry-after"]
        for other in ("/healthz", "/readyz", "/metrics", "/stream/status", "/prices?symbols=A"):
            assert (await client.get(other)).status_code == 200
    assert len(bench.hub.audience) == 1
