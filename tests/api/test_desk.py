"""`POST /tickets`, and the ticket on the way back in."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tapecast.bus.connection import Bus
from tests.api.support import Bench, replica, states, stream
from tests.api.test_app import client_of

TOKEN = "a-token-of-some-length"
AUTH = {"Authorization": f"Bearer {TOKEN}"}


def client(ttl_s: int = 43_200) -> httpx.AsyncClient:
    """A client of an app with this token."""
    return client_of(Bench(), API_TOKEN=TOKEN, TICKET_TTL_S=str(ttl_s))


async def made(api: httpx.AsyncClient, **wish: Any) -> str:
    """A ticket."""
    answer = await api.post("/tickets", headers=AUTH, json=wish)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    ticket: str = answer.json()["ticket"]
    return ticket


async def test_without_a_body_it_is_for_all_and_for_as_long_as_may_be() -> None:
    """The shortest call is `curl -X POST -H 'Authorization: Bearer …' …/tickets`."""
    async with client(600) as api:
        for path in ("/tickets", "/api/tickets"):
            answer = (await api.post(path, headers=AUTH)).json()
            assert answer["expires_in"] == 600
            status = await api.get("/stream/status", params={"ticket": answer["ticket"]})
            assert status.status_code == 200
        assert (await api.get("/stream/status")).status_code == 401


async def test_it_may_be_shorter_and_never_longer() -> None:
    """Who wants more gets what there is, and is told."""
    async with client(600) as api:
        for asked, granted in ((5, 5), (60.0, 60), (600, 600), (601, 600), (10**12, 600), (1e300, 600)):
            answer = await api.post("/tickets", headers=AUTH, json={"ttl_s": asked})
            assert answer.json()["expires_in"] == granted


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer nope"}, {"Authorization": f"Basic {TOKEN}"}]
)
async def test_only_a_token_makes_one(headers: dict[str, str]) -> None:
    """Nor does a ticket, which would then live for ever. What the body holds is not looked at."""
    async with client() as api:
        ticket = await made(api)
        for url in ("/tickets", f"/tickets?ticket={ticket}", f"/tickets?token={TOKEN}"):
            answer = await api.post(url, headers=headers, content=b"{{{")
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")


async def test_where_no_token_is_set_there_are_none() -> None:
    """With what to do about it."""
    async with client_of(Bench()) as api:
        answer = await api.post("/tickets", headers=AUTH)
        assert answer.status_code == 403
        assert "API_TOKEN" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "body_invalid"),
        (b"[]", 400, "body_invalid"),
        (b"\xff\xfe", 400, "body_invalid"),
        (b"[" * 10_000, 400, "body_invalid"),
        ('{"symbols":["\u017fpy"]}'.encode(), 400, "symbol_invalid"),
        (b'{"stream":["prices"]}', 400, "body_invalid"),
        (b'{"streams":["orders"]}', 400, "body_invalid"),
        (b'{"streams":[]}', 400, "body_invalid"),
        (b'{"ttl_s":0}', 400, "body_invalid"),
        (b'{"ttl_s":-1}', 400, "body_invalid"),
        (b'{"ttl_s":1.5}', 400, "body_invalid"),
        (b'{"ttl_s":1e400}', 400, "body_invalid"),
        (b'{"ttl_s":"1h"}', 400, "body_invalid"),
        (b'{"symbols":[]}', 400, "symbols_missing"),
        (b'{"symbols":["AAPL","no such"]}', 400, "symbol_invalid"),
        (b'{"symbols":[' + b",".join(b'"A%d"' % i for i in range(201)) + b"]}", 400, "too_many_symbols"),
        (b'{"symbols":["' + b"A" * 17_000 + b'"]}', 413, "body_too_large"),
    ],
)
async def test_what_it_cannot_be_for_is_said(body: bytes, status: int, code: str) -> None:
    """Before a page is given something that will not work."""
    async with client() as api:
        answer = await api.post("/tickets", headers=AUTH, content=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_it_opens_what_it_is_for_and_nothing_else(bus: Bus) -> None:
    """The stream and the symbols; a symbol that it is not for is refused in band."""
    async with replica(bus, API_TOKEN=TOKEN) as api:
        ticket = await made(api, streams=["prices"], symbols=["aapl", "BTC/USD"])
        params = {"symbols": "AAPL,MSFT", "ticket": ticket}
        async with stream(api, "/stream/prices", params=params) as reader:
            seen = await reader.until("symbol", symbol="AAPL")
            assert ("refused", "not_allowed") in states(seen)
        missing = (await api.get("/prices", params=params)).json()["missing"]
        assert {"symbol": "MSFT", "reason": "not_allowed"} in missing
        for path in ("/stream/positions", "/stream/status", "/stream?prices=AAPL&status"):
            answer = await api.get(path, params={**httpx.URL(path).params, "ticket": ticket})
            assert answer.status_code == 403, path
            assert answer.json()["error"]["code"] == "forbidden"


async def test_one_for_some_symbols_is_for_prices_alone() -> None:
    """Whoever names symbols does not mean the whole account; whoever does can say so."""
    async with client() as api:
        ticket, whole = (
            await made(api, symbols=["AAPL"]),
            await made(api, symbols=["AAPL"], streams=["status"]),
        )
        assert (await api.head(f"/stream/prices?symbols=AAPL&ticket={ticket}")).status_code == 200
        for path in ("/stream/positions", "/stream/status"):
            assert (await api.get(path, params={"ticket": ticket})).status_code == 403
        assert (await api.get("/stream/status", params={"ticket": whole})).status_code == 200


async def test_it_opens_all_of_one_stream_of_several() -> None:
    """Prices, positions and status on one connection need the right to each."""
    async with client() as api:
        whole, half = await made(api), await made(api, streams=["prices", "positions"])
        head = "/stream?prices=AAPL&positions&status"
        assert (await api.head(f"{head}&ticket={whole}")).status_code == 200
        assert (await api.get(f"/stream?status&positions&ticket={half}")).status_code == 403


async def test_its_stream_ends_when_it_does(bus: Bus) -> None:
    """With a word, and without another try in the next minute: the page has to fetch a new one."""
    async with replica(bus, API_TOKEN=TOKEN) as api:
        ticket = await made(api, ttl_s=1)
        began = time.time()
        async with stream(api, "/stream/status", params={"ticket": ticket}) as reader:
            name, data = (await reader.rest())[-1]
            assert (name, data["code"]) == ("bye", "ticket_expired")
            assert reader.retries[-1] == 60_000
        assert time.time() - began >= 1 - 0.01
        # An EventSource comes back to the same URL, and would give up for ever on a 401.
        async with stream(api, "/stream/status", params={"ticket": ticket}) as reader:
            assert reader.response.status_code == 200
            assert [(name, data["code"]) for name, data in await reader.rest()] == [("bye", "ticket_expired")]
            assert reader.retries == [60_000]
        answer = await api.get("/stream/status", params={"ticket": ticket})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "ticket_expired")
